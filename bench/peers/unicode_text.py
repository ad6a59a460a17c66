"""Text that could tell two tokenizers apart, drawn at random: many languages, emoji, marks in every
order, what is dropped, what separates, and strings that somebody might send to do harm."""

import random

# Sentences written for this purpose; what counts is their letters.
SENTENCES = [
    "The unaffable fox didn't jump over 12,500 lazy dogs at 7:45 a.m.; re-read it (twice)!",
    "Größere Übungen für fleißige Jäger – „ganz außergewöhnlich“, sagte Jürgen.",
    "L'été dernier, Zoë a mangé un gâteau à l'ancienne : « c'était délicieux » !",
    "¿Dónde está el niño? ¡Mañana volverá con su cigüeña!",
    "Não há coração que aguente tantas canções à noite.",
    "Chrząszcz brzmi w trzcinie, a źdźbło trawy gnie się pod ciężarem.",
    "Şu ılık ırmağın İstanbul'a dek aktığını kim söyledi?",
    "Người Việt thường uống trà đá ở vỉa hè vào buổi chiều.",
    "Ёжик несёт грибы; йогурт и объём - «дело вкуса».",
    "Η γάτα ΚΟΙΜΆΤΑΙ πάνω στο ζεστό τοίχο, ὦ φίλε.",
    "الكتابُ الجديدُ على الطاولةِ، أليس كذلك؟ ٣٤٥",
    "הַיֶּלֶד קָרָא סֵפֶר בַּגַּן, \"נכון?\"",
    "वह किताब क्यों नहीं पढ़ता? ज़रूर पढ़ेगा।",
    "বইটি টেবিলের উপর আছে, তাই না?",
    "தமிழ் எழுத்துக்கள் மிகவும் அழகானவை.",
    "หนังสืออยู่บนโต๊ะใช่ไหม น้ำใส",
    "이 책은 정말 재미있어요! 꿇었다 뷁",
    "これは新しい本ですか？ガラスとﾊﾟﾝ、が・ば",
    "这本书很有意思，對不對？第３章。",
    "წიგნი მაგიდაზეა, Ⴀრა?",
    "Գիրքը սեղանի վրա է։",
    "መጽሐፉ ጠረጴዛው ላይ ነው።",
    "ຫນັງສືຢູ່ເທິງໂຕະ ກັນນ້ຳ",
    "မြန်မာစာ ကြက်ဥ",
    "བོད་ཡིག་གི་དེབ་ཅིག །",
]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "👍🏽", "🇩🇪🇫🇷", "❤️", "☺", "#️⃣", "🏴\U000e0067\U000e0062\U000e007f", "🤷🏿‍♀️", "©®™"]
HOSTILE = [
    "[CLS]", "[SEP]", "[MASK][MASK]", "[mask]", "[PAD", "##", "##ing", "[unused1]", "\x00", "\x7f", "\ufeff", "\ufffd",
    "\u202e", "\u200b", "\u200d", "\u00ad", "\u2028", "\x85", "\x0b", "\x0c", "\t", "\r\n", "\u3000", "\u00a0",
    "x" * 99, "x" * 100, "x" * 101, "é" * 100, "e\u0301" * 101, "\u0301" * 40, "a" + "\u0323\u0301\u0344" * 9,
    "\u1b44\u302e", "\u0f71\u0f72\u0f74", "\U0001d165\U0001d16e", "\ue000", "\U000f0000", "\U0010ffff", "\u0378",
    "ﬁ", "ﷺ", "ǅ", "ẞ", "İ", "ı", "ς", "Σ", "Ⅷ", "½", "²", "Å", "Ω", "각", "\u1100\u1161\u11a8", "豈", "\U0002f800",
    "\U0002b821", "\U0002b920", "'s", "n't", "...", "--", "a_b", "$5", "`^~|<>=+", "http://x.y/z?q=1&r=%20", "a@b.c",
]
# Where characters are drawn from: dense in what has rules.
RANGES = [(0x00, 0x7F), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x8FF), (0x900, 0xDFF), (0xE00, 0x10FF),
          (0x1100, 0x11FF), (0x1680, 0x1AFF), (0x1B00, 0x1CFF), (0x1DC0, 0x1FFF), (0x2000, 0x206F), (0x2100, 0x2BFF),
          (0x2E00, 0x2E7F), (0x3000, 0x33FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3), (0xF900, 0xFDFF),
          (0xFE00, 0xFFFF), (0x10000, 0x12FFF), (0x16000, 0x16FFF), (0x1B000, 0x1E2FF), (0x1F000, 0x1FAFF),
          (0x20000, 0x323AF), (0xE0000, 0xE01EF), (0x0, 0x10FFFF)]
MARKS = ["\u0301", "\u0323", "\u0344", "\u0345", "\u05b8", "\u0651", "\u093c", "\u094d", "\u0e33", "\u302a", "\u3099"]


class Source:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.words = [word for sentence in SENTENCES for word in sentence.split()]

    def character(self, first=0, last=0x10FFFF):
        while True:
            code = self.random.randint(first, last)
            if not 0xD800 <= code < 0xE000:
                return chr(code)

    def word(self):
        draw = self.random.random()
        if draw < 0.6:
            word = self.random.choice(self.words)
            if draw < 0.1:
                word = word.swapcase()
            elif draw < 0.2:
                place = self.random.randrange(len(word) + 1)
                word = word[:place] + self.random.choice(MARKS) + word[place:]
            elif draw < 0.25:
                word = "".join(self.random.sample(word, len(word)))
            return word
        if draw < 0.7:
            return self.random.choice(EMOJI)
        if draw < 0.8:
            return self.random.choice(HOSTILE)
        limits = self.random.choice(RANGES)
        return "".join(self.character(*limits) for _ in range(self.random.randint(1, 8)))

    def text(self, longest=24):
        """Words with spaces between them or not."""
        parts = []
        for _ in range(self.random.randint(0, longest)):
            parts.append(self.word())
            draw = self.random.random()
            parts.append(" " if draw < 0.75 else self.random.choice(["", "", "\t", "  ", ", ", "-", "."]))
        return "".join(parts)

    def list_of_words(self):
        return [self.word() for _ in range(self.random.randint(0, 12))]

    def plain(self, longest):
        """Of ASCII letters alone, for pairs whose lengths matter and whose characters do not."""
        return " ".join("".join(self.random.choices("etaoinshrdlu", k=self.random.randint(1, 9)))
                        for _ in range(self.random.randint(0, longest)))

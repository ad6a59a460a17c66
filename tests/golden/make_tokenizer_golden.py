#!/usr/bin/env python3
"""Records what Hugging Face's tokenizers makes of the texts below, for tests/tokenize.

Needs tokenizers 0.23 and Transformers 5.17. Usage: make_tokenizer_golden.py VOCABULARIES
where VOCABULARIES holds bert-base-{uncased,cased,multilingual-cased,chinese}.vocab.txt.
Writes, beside itself:
  tokenizer_tiny/    a small vocabulary as vocab.txt, uncased
  tokenizer_added/   the same as tokenizer.json, cased, with added tokens of every kind
  tokenizer_golden.json          texts and pairs with their ids, types and offsets
  tokenizer_characters.json      checksums of what happens to each character of Unicode
"""

import json
import os
import shutil
import sys
import tempfile

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from transformers import AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARIES = {
    "bert-base-uncased": True,
    "bert-base-cased": False,
    "bert-base-multilingual-cased": False,
    "bert-base-chinese": True,
}
STRATEGIES = ["longest_first", "only_first", "only_second"]

TEXTS = [
    "",
    " ",
    "a",
    "The quick brown fox jumps over the lazy dog.",
    "It's 20% off, isn't it?! (see §4.2 – “quotes”…)",
    "UnAffAbLe embeddings, unaffable tokenization; antidisestablishmentarianism",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "Où est l'œuvre du garçon ? Ça déçoit Noël, à Besançon.",
    "El pingüino Wenceslao hizo kilómetros; ¿mañana también?",
    "Zażółć gęślą jaźń. Příliš žluťoučký kůň. Đường Việt Nam ở đâu?",
    "Съешь ещё этих мягких французских булок, да выпей же чаю. Йод, ЙОД.",
    "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ",
    "İstanbul'da ılık ILIK ışık, İİ",
    "השועל החום קפץ. שָׁלוֹם",
    "نص حكيم له سرٌّ قاطعٌ وذو شأن. ﻻ ٪",
    "ऋषियों को सताने वाले दुष्ट। क्षत्रिय ड़ॉक्टर",
    "นกกินน้ำที่ท่าน้ำ",
    "키스의 고유조건은 입술끼리 만나야 한다. 각 각",
    "いろはにほへと ちりぬるを。ガギグ ｶﾞ パ ハ゜",
    "我们在北京见面，好吗？中文and英文123混合。",
    "𠀀𪛖 丽 豈 𫠠𬺠 㐀䶿",
    "👩‍👩‍👧 🇩🇪 👍🏽 ☺️ 😀😀 #️⃣",
    "e\u0301 é E\u0323\u0301 \u0301a o\u0308\u0304 \u0344x \u1b44\u302ea \u302e\u1b44",
    "zero\u200bwidth\u200djoin\ufeff soft\u00adhyphen \u202eright to left\u202c",
    "nul\x00 bell\x07 del\x7f vt\x0bff\x0c nel\x85x \ufffd \ue000 \U000f0000 \u0378",
    "tab\tline\nreturn\r\nnbsp\u00a0ideographic\u3000thin\u2009ls\u2028ps\u2029.",
    "[CLS] a [SEP] b [MASK][MASK] [PAD] [UNK] [mask] [ CLS ] [CLS",
    "##ing ## # ##a [unused1] ___ --- ... a_b a-b $5 ^`~|<>=+",
    "x" * 100 + " " + "x" * 101 + " " + "é" * 100 + " " + "e\u0301" * 101 + " ok",
    "ǅ ẞ ﬁ ſ K Å Ω ½ ² Ⅷ ⓐ",
    "  leading and trailing  ",
    "!?!?.,;:",
    "\u0301\u0302\u0303",
    "a\u0301\u0302b\u0323 ᾄ ǘ 각 Ａｂｃ １２３ ！",
    "\u166d \u1734a \U000111c9 \u061d \u2e52 \U00011fff \U0001d165\U0001d16e",
    "Unicode 16: \u1c89 \ua7cb \U00010d50 \U00016ea0",
]

PAIRS = [
    ("a b c d e f g h i j", "k l m n o"),
    ("a b c", "d e f"),
    ("a b c", "d e f g h i j k l m"),
    ("", "a b c d e"),
    ("a b c d e", ""),
    ("", ""),
    ("He said the food was bad.", "The food was said to be really bad, he added."),
    ("unaffable [SEP] wörld", "中文 [MASK] text é"),
]

TINY = """[PAD] [UNK] [CLS] [SEP] [MASK] the quick brown fox jump ##s over lazy dog un ##aff ##able
##ing embed token ##ization a b c d e f g h i j k l m n o p q r s t u v w x y z ##a ##b ##c
##d ##e ##f ##g ##h ##i ##j ##k ##l ##m ##n ##o ##p ##q ##r ##s ##t ##u ##v ##w ##x ##y ##z 0
1 2 3 ##0 ##1 ##2 ##3 . , ! ? ' " ( ) - # [ ] ä é ##é ö ß œ The Zw ##ö ##lf 中 文 我 ##的 й ё ##и
и ς σ ##σ ο δ ##δ ı ##ı i̇ க 각 ##ᆨ 가 ᄀ ##ᅡ 😀 한 \u1b44 ##\u1b44 ##\u302e x\u0301 café caf ##fé
naïve naive new_token Ä A B""".split()

ADDED = [
    # content, single_word, lstrip, rstrip, normalized, special
    ("<ent>", False, False, False, False, True),
    ("<left>", False, True, False, False, False),
    ("<right>", False, False, True, False, False),
    ("<both>", False, True, True, False, True),
    ("Zwölf", False, False, False, True, False),
    ("word", True, False, False, False, False),
    ("Two Words", False, False, False, True, False),
    ("<ent>x", False, False, False, False, False),
    ("naïve", True, True, False, True, False),
    ("文", False, False, True, True, False),
]

ADDED_TEXTS = [
    "a<ent>b <ent> <ent>x<ent>",
    "a  <left>  b  <right>  c  <both>  d<left><right><both>",
    "Zwölf zwölf Zwo\u0308lf xZwölfx",
    "word words sword word. (word) _word_ éword word\u0301 word\u200d ⓐword ½word",
    "two words Two Words two  words Two\u00a0Words TwoWords",
    "  naïve  xnaïve naive NAÏVE",
    "中文  中 文文 a",
    "[CLS] <ENT> < ent > <both>",
    "",
    " <both> ",
]


def tiny_tokens():
    tokens = list(dict.fromkeys(TINY))
    assert all(token == token.strip() for token in tokens)
    return tokens


def write_json(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


def make_tiny():
    folder = os.path.join(HERE, "tokenizer_tiny")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.writelines(token + "\n" for token in tiny_tokens())
    write_json("tokenizer_tiny/tokenizer_config.json",
               {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64})
    return AutoTokenizer.from_pretrained(folder).backend_tokenizer


def make_added():
    tokens = tiny_tokens()
    added = [dict(id=i, content=tokens[i], single_word=False, lstrip=False, rstrip=False,
                  normalized=False, special=True) for i in range(5)]
    ids = {token: i for i, token in enumerate(tokens)}
    following = len(tokens)
    for content, single_word, lstrip, rstrip, normalized, special in ADDED:
        if content not in ids:
            ids[content] = following
            following += 1
        added.append(dict(id=ids[content], content=content, single_word=single_word, lstrip=lstrip,
                          rstrip=rstrip, normalized=normalized, special=special))
    os.makedirs(os.path.join(HERE, "tokenizer_added"), exist_ok=True)
    write_json("tokenizer_added/tokenizer.json", {
        "version": "1.0",
        # A call's own options, saved with the tokenizer: they must not change anything.
        "truncation": {"direction": "Right", "max_length": 7, "strategy": "LongestFirst",
                       "stride": 0},
        "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": None,
                    "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "normalizer": {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": True,
                       "strip_accents": True, "lowercase": False},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 20, "vocab": {t: i for i, t in enumerate(tokens)}},
    })
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "tokenizer_added", "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_vocabulary(path, lower_case):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, os.path.join(folder, "vocab.txt"))
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
            json.dump({"tokenizer_class": "BertTokenizer", "do_lower_case": lower_case}, file)
        return AutoTokenizer.from_pretrained(folder).backend_tokenizer


def flat(encoding):
    return [encoding.ids, encoding.type_ids, [place for pair in encoding.offsets for place in pair]]


def encode(tokenizer, case):
    """The encodings of a case, or None where tokenizers refuses it."""
    tokenizer.no_truncation()
    try:
        if "max_length" in case:
            tokenizer.enable_truncation(case["max_length"], stride=case.get("stride", 0),
                                        strategy=case["truncation"])
        first = tokenizer.encode(case["text"], case.get("pair"))
    except BaseException:  # a panic in Rust is not an Exception
        return None
    windows = [first] + (first.overflowing if "stride" in case else [])
    return [flat(window) for window in windows]


def with_results(tokenizer, cases):
    return [dict(case, windows=encode(tokenizer, case)) for case in cases]


def truncated_cases():
    for text, pair in PAIRS:
        yield {"text": text, "pair": pair}
        for strategy in STRATEGIES:
            for max_length in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16):
                yield {"text": text, "pair": pair, "max_length": max_length, "truncation": strategy}
    for max_length in (2, 3, 5, 9):
        for strategy in STRATEGIES:
            yield {"text": PAIRS[0][0], "max_length": max_length, "truncation": strategy}


def window_cases():
    for text, pair in PAIRS[:3] + PAIRS[6:]:
        for strategy in STRATEGIES:
            for max_length, stride in ((6, 0), (7, 1), (8, 2), (9, 3), (9, 6), (20, 1)):
                yield {"text": text, "pair": pair, "max_length": max_length, "truncation": strategy,
                       "stride": stride}
    for max_length, stride in ((3, 0), (5, 0), (5, 2), (6, 1), (4, 2), (30, 3)):
        yield {"text": PAIRS[0][0], "max_length": max_length, "truncation": "longest_first",
               "stride": stride}


BLOCK = 0x1000
BLOCKS = list(range(0x32)) + [0xE0, 0xF0, 0xFF, 0x10F]


def checksum(pieces):
    value = 0xCBF29CE484222325  # FNV-1a
    for byte in "\n".join(pieces).encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def characters_of(block):
    return [chr(c) for c in range(block * BLOCK, (block + 1) * BLOCK) if not 0xD800 <= c < 0xE000]


def character_checksums():
    none = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    cutter = pre_tokenizers.BertPreTokenizer()
    found = {"words": {}}
    for block in BLOCKS:
        cut = ["|".join(word for word, _ in cutter.pre_tokenize_str(f"a{c}b"))
               for c in characters_of(block)]
        found["words"][block] = checksum(cut)
    for rule in none:
        normalizer = normalizers.BertNormalizer(**{**none, rule: True})
        found[rule] = {}
        for block in BLOCKS:
            # Two marks that strip_accents keeps, of classes 9 and 224, show how it orders.
            found[rule][block] = checksum([normalizer.normalize_str(f"a{c}\u1b44\u302e{c}")
                                           for c in characters_of(block)])
    return found


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tiny, added = make_tiny(), make_added()
    texts = [{"text": text} for text in TEXTS]
    golden = {
        "tokenizer_tiny": with_results(
            tiny, [*texts, *truncated_cases(), *window_cases()]),
        "tokenizer_added": with_results(added, texts + [{"text": text} for text in ADDED_TEXTS]),
    }
    for name, lower_case in VOCABULARIES.items():
        tokenizer = load_vocabulary(os.path.join(sys.argv[1], name + ".vocab.txt"), lower_case)
        pairs = [{"text": text, "pair": pair, "max_length": 13, "truncation": "longest_first"}
                 for text, pair in PAIRS]
        golden[name] = with_results(tokenizer, texts + pairs)
    write_json("tokenizer_golden.json", golden)
    write_json("tokenizer_characters.json", character_checksums())


if __name__ == "__main__":
    main()

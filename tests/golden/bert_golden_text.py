"""Pairs of sentences written for these tests: (1 when they say the same, first, second)."""

_LONG = (
    "On the second morning the ferry did not come, so the three of them walked the whole length of "
    "the harbour wall, past the ice house, the chandler's shop and the long row of upturned boats, "
    "until they reached the little office where a clerk with ink on both cuffs told them, without "
    "looking up from his ledger, that the engine had been taken apart on Tuesday, that a part had "
    "been ordered from the mainland, and that nobody, least of all himself, could say whether it "
    "would arrive this week or the next.")

PAIRS = [
    (1, "The library opens at nine on weekdays.", "On weekdays the library opens at 9 o'clock."),
    (0, "The library opens at nine on weekdays.", "The library is closed for repairs until spring."),
    (1, _LONG, "The ferry was broken and no one knew when it would run again."),
    (0, "Ok.", "No!"),
    (1, "She fixed the gate with a length of wire.", "With some wire, she mended the gate."),
    (0, "The recipe asks for two eggs and a cup of flour.", "Flour prices rose by 12.5% last year."),
    (1, "Rain stopped the match after only forty minutes.",
     "The game was halted by rain forty minutes in."),
    (0, "He sold 1,200 copies of his first novel.", "He sold no copies of his second novel."),
    (1, "My neighbour's dog barks whenever the postman comes.",
     "Whenever the mail carrier arrives, the dog next door barks."),
    (0, "The bridge was painted green in 1934.", "The bridge was pulled down in 1934."),
    (1, "Turn the dial to the left to lower the heat.", "To reduce the heat, turn the dial left."),
    (0, "Turn the dial to the left to lower the heat.", "Turn the dial to the left to raise the heat."),
    (1, "They could not afford the tickets.", "The tickets were too expensive for them."),
    (0, "Café Zoë serves naïve paintings with its crème brûlée.", "The café has no paintings."),
    (1, "The committee's vote was unanimous.", "Every member of the committee voted the same way."),
    (0, "The committee's vote was unanimous.", "The committee was split five to four."),
    (1, "Our train leaves from platform seven.", "The train that we take departs from platform 7."),
    (0, "Our train leaves from platform seven.", "Our train was cancelled."),
    (1, "The soup is far too salty.", "There is much too much salt in the soup."),
    (0, "The soup is far too salty.", "The soup needs more salt."),
    (1, "Nobody answered the telephone.", "The phone was not picked up by anyone."),
    (0, "Is the museum free on Sundays?", "The museum shop sells postcards and puzzles."),
    (1, "He learned to swim when he was fifty.", "At the age of fifty, he learned how to swim."),
    (0, "He learned to swim when he was fifty.", "He has never learned how to swim."),
    (1, "The new battery lasts twice as long as the old one.",
     "Compared with the old battery, the new one runs for double the time."),
    (0, "The new battery lasts twice as long as the old one.",
     "The old battery lasts twice as long as the new one."),
    (1, "Most of the bees had left the hive by August.",
     "By August the hive had been deserted by most of its bees."),
    (0, "Most of the bees had left the hive by August.", "The honey was sold at the August fair."),
    (1, "Please close the window; it is cold in here.", "It's chilly, so please shut the window."),
    (0, "Please close the window; it is cold in here.", "Please open the window; it is hot in here."),
    (1, "The letter took eleven days to reach Lisbon.",
     "It was eleven days before the letter got to Lisbon."),
    (0, "The letter took eleven days to reach Lisbon.", "The letter to Lisbon was never sent."),
    (1, "The glacier has lost a third of its ice since 1980.",
     "Since 1980 one third of the glacier's ice has melted away."),
    (0, "The glacier has lost a third of its ice since 1980.",
     "Skiing on the glacier costs a third more than in 1980."),
    (1, "Her speech was short and to the point.", "She spoke briefly and did not digress."),
    (0, "Her speech was short and to the point.", "Her speech went on for three rambling hours."),
    (1, "The two brothers have not spoken for years.",
     "It has been years since the brothers talked to each other."),
    (0, "The two brothers have not spoken for years.", "The two brothers talk every evening."),
    (1, "You must show your passport at the border.", "Passports have to be shown at the border."),
    (0, "You must show your passport at the border.", "Nobody checks passports there any more."),
]

"""Who teaches in the demo: their words about themselves, their hours, and what an hour costs. All are invented."""

from __future__ import annotations

from typing import NamedTuple

from oluko.accounts.models import Person

Role = Person.Role

Ranges = list[list[str]]
NINE_TO_FIVE: Ranges = [["09:00", "17:00"]]
MORNINGS: Ranges = [["08:00", "12:00"]]
SPLIT: Ranges = [["09:00", "12:00"], ["14:00", "18:00"]]
EVENINGS: Ranges = [["17:00", "21:00"]]
SATURDAY: Ranges = [["10:00", "16:00"]]


class Teacher(NamedTuple):
    """A tutor or mentor. `rate` is naira an hour, 0 for none; `workdays` and `weekend` are local hours."""

    login: str
    name: str
    zone: str
    headline: str
    bio: str
    rate: int = 0
    verified: bool = True
    role: str = Role.TUTOR
    workdays: Ranges = NINE_TO_FIVE
    weekend: Ranges = []
    buffer: int = 0


TEACHERS = (
    Teacher(
        "tunde",
        "Tunde Alade",
        "Africa/Lagos",
        "Frontend lead in Lagos, ten years of the web",
        "I built my first site in a cyber café in Ibadan, paid by the half hour, so I learned to think before I "
        "type. Today I lead a frontend team and teach React the way I wish I had met it: small pieces, your own "
        "code, and the reason behind each rule. Bring something that annoys you.",
        15_000,
        workdays=[["09:00", "19:00"]],
        weekend=SATURDAY,
    ),
    Teacher(
        "mei",
        "Mei Lin",
        "Asia/Shanghai",
        "Data scientist in Shanghai, mentor to first-job seekers",
        "I clean data for a living and enjoy it. I mentor people who finished the courses and wonder what a working "
        "day looks like. We read your notebook together, line by line, and leave it better than we found it.",
        18_000,
        role=Role.MENTOR,
        workdays=[["14:00", "22:00"]],
        weekend=[["15:00", "20:00"]],
    ),
    Teacher(
        "chidera.okpala",
        "Chidera Okpala",
        "Africa/Lagos",
        "Design engineer, Enugu",
        "Half designer, half programmer, fully from Enugu. I co-wrote React Foundations with Tunde and look after "
        "the exercises. I am patient with CSS, and with people who are not.",
        12_000,
        workdays=SPLIT,
        buffer=15,
    ),
    Teacher(
        "ngozi.obiora",
        "Ngozi Obiora",
        "Africa/Lagos",
        "Product designer and portfolio critic",
        "Fourteen interviews taught me what a portfolio must say in its first minute. I review with kindness and a "
        "red pen, and I always show you one thing that is already strong.",
        14_000,
        workdays=SPLIT,
    ),
    Teacher(
        "ibrahim.danladi",
        "Ibrahim Danladi",
        "Africa/Lagos",
        "Data analyst in Kano, Python since 2014",
        "I count bags of sorghum, bus passengers and clinic visits. If your spreadsheet has grown teeth, I can help "
        "you put it into Python and sleep again.",
        11_000,
        workdays=NINE_TO_FIVE,
        weekend=SATURDAY,
    ),
    Teacher(
        "folake.ajibade",
        "Folake Ajibade",
        "Africa/Lagos",
        "Speaking coach, once afraid of microphones",
        "I fainted at my own graduation speech. Fifteen years later I coach founders, pastors and civil servants. "
        "We practise aloud from the first minute.",
        10_000,
        workdays=[["10:00", "16:00"]],
    ),
    Teacher(
        "emeka.anyadike",
        "Emeka Anyadike",
        "Africa/Lagos",
        "Chartered accountant for small shops",
        "Most small businesses do not need software, they need a habit. I teach one page of books a week, and what "
        "the tax office actually asks for.",
        13_000,
        workdays=MORNINGS,
        weekend=SATURDAY,
    ),
    Teacher(
        "hauwa.jibrin",
        "Hauwa Jibrin",
        "Africa/Lagos",
        "Mathematics teacher, Kaduna",
        "Twenty-two years of secondary school mathematics. I collect wrong answers, since each of them was once a "
        "good idea. Calm preparation for entrance exams.",
        6_000,
        workdays=EVENINGS,
        weekend=[["09:00", "15:00"]],
    ),
    Teacher(
        "kofi.asamoah",
        "Kofi Asamoah",
        "Africa/Accra",
        "Photographer in Accra, phone first",
        "I sold my big camera in 2019 and never looked back. Light, patience and a clean lens: I teach people to "
        "take pictures that sell cloth, food and houses.",
        9_000,
        workdays=[["08:00", "14:00"]],
        weekend=SATURDAY,
    ),
    Teacher(
        "tobi.akinwale",
        "Tobi Akinwale",
        "Europe/London",
        "Platform engineer, London by way of Ibadan",
        "I keep servers alive for a bank and teach what I wish somebody had told me on my first night on call. Plain "
        "Linux before fancy clouds.",
        20_000,
        workdays=EVENINGS,
        weekend=[["10:00", "14:00"]],
        buffer=15,
    ),
    Teacher(
        "amaka.ezenwa",
        "Amaka Ezenwa",
        "Africa/Lagos",
        "Backend engineer, payments and ledgers",
        "I have spent eight years making sure that money arrives once. We can talk about databases, queues, or the "
        "offer letter on your desk.",
        18_000,
        workdays=EVENINGS,
    ),
    Teacher(
        "sadiq.umaru",
        "Sadiq Umaru",
        "Africa/Lagos",
        "Mobile developer, Abuja",
        "Flutter and Kotlin for apps that work on two bars of network. I like old phones, small downloads and honest "
        "loading screens.",
        12_500,
        workdays=SPLIT,
    ),
    Teacher(
        "adaeze.nnamdi",
        "Adaeze Nnamdi",
        "America/Toronto",
        "Product manager between Toronto and Lagos",
        "I moved from customer support to product in three years and kept notes. I help people make the same move "
        "and write the documents that go with it.",
        22_000,
        workdays=[["11:00", "16:00"]],
    ),
    Teacher(
        "bamidele.coker",
        "Bamidele Coker",
        "Africa/Lagos",
        "Screenwriter and story editor",
        "Three series, one film, many drafts. I read your pages beforehand and ask the questions an audience will.",
        8_500,
        workdays=[["12:00", "18:00"]],
        role=Role.MENTOR,
    ),
    Teacher(
        "grace.effiong",
        "Grace Effiong",
        "Africa/Lagos",
        "Nurse educator, Calabar",
        "I prepare nurses for practice abroad and for the examinations on the way. Real cases, calm voice, no "
        "shortcuts.",
        9_500,
        workdays=MORNINGS,
        weekend=SATURDAY,
    ),
    Teacher(
        "segun.martins",
        "Segun Martins",
        "Africa/Lagos",
        "Music producer, Surulere",
        "From bedroom beats to a mix that survives a danfo's loudspeaker. Bring your stems, whatever their state.",
        10_000,
        workdays=[["13:00", "20:00"]],
    ),
    Teacher(
        "zara.abdulkadir",
        "Zara Abdulkadir",
        "Asia/Dubai",
        "Security analyst in Dubai",
        "I look for open doors before other people do. Mentoring for first security jobs, capture-the-flag evenings "
        "and the certificates that are worth the money.",
        19_000,
        workdays=EVENINGS,
        role=Role.MENTOR,
    ),
    Teacher(
        "uche.ikenna",
        "Uche Ikenna",
        "America/Chicago",
        "Petroleum engineer turned energy analyst, Houston",
        "I know both sides of the energy transition and how to read the numbers of each. For engineers who think "
        "about changing direction.",
        24_000,
        workdays=[["08:00", "11:00"]],
        role=Role.MENTOR,
    ),
    Teacher(
        "lola.oyedele",
        "Lola Oyedele",
        "Africa/Lagos",
        "Fashion pattern maker, Aba and Lagos",
        "Cut once. I teach drafting for real bodies, costing per metre, and how to say no to a bride.",
        7_500,
        workdays=[["10:00", "15:00"]],
        weekend=SATURDAY,
    ),
    Teacher(
        "musa.tanko",
        "Musa Tanko",
        "Africa/Lagos",
        "Agronomist, Jos plateau",
        "Irish potatoes, tomatoes and small irrigation. I visit farms by video; send pictures of the leaves first.",
        6_500,
        workdays=MORNINGS,
    ),
    Teacher(
        "ebele.mbah",
        "Ebele Mbah",
        "Europe/Berlin",
        "Machine learning engineer, Berlin",
        "Models are the easy half. I mentor on data, evaluation and the parts of the job that no course names.",
        21_000,
        workdays=EVENINGS,
        weekend=[["11:00", "15:00"]],
    ),
    Teacher(
        "kemi.sowande",
        "Kemi Sowande",
        "Africa/Lagos",
        "Recruiter, eleven years on the other side of the table",
        "I have read forty thousand CVs. Yours deserves better than a template. Direct, quick, on your side.",
        9_000,
        workdays=NINE_TO_FIVE,
        buffer=15,
    ),
    Teacher(
        "daniel.okorie",
        "Daniel Okorie",
        "Africa/Lagos",
        "Physics and further maths, Benin City",
        "I draw everything. If you can sketch the problem you have solved half of it, and we will do the other half "
        "together.",
        5_500,
        workdays=EVENINGS,
        weekend=[["09:00", "13:00"]],
    ),
    Teacher(
        "aisha.danjuma",
        "Aisha Danjuma",
        "Africa/Lagos",
        "Hausa and Arabic, for work and for family",
        "Patient conversation for children of the diaspora, aid workers and the curious. You speak in the first "
        "five minutes.",
        5_000,
        workdays=SPLIT,
    ),
    Teacher(
        "wale.adesina",
        "Wale Adesina",
        "Africa/Lagos",
        "Yoruba for grown-ups",
        "Tones first, proverbs second, grammar when you ask for it. I teach with songs and market talk.",
        5_000,
        workdays=EVENINGS,
        weekend=SATURDAY,
    ),
    Teacher(
        "nkechi.umeh",
        "Nkechi Umeh",
        "Africa/Lagos",
        "Igbo language and storytelling",
        "Stories from Nsukka told slowly, then told by you. For beginners and for those who only understand their "
        "grandmother.",
        5_000,
        workdays=MORNINGS,
        verified=False,
    ),
    Teacher(
        "peter.odhiambo",
        "Peter Odhiambo",
        "Africa/Nairobi",
        "Database administrator, Nairobi",
        "Slow query? Show me the plan. I mentor backend people who want to understand what their ORM is doing.",
        17_000,
        workdays=EVENINGS,
    ),
    Teacher(
        "thandi.mokoena",
        "Thandi Mokoena",
        "Africa/Johannesburg",
        "Social impact consultant",
        "Grant proposals, theories of change, and reports that people read. I have sat on the funder's side too.",
        16_000,
        workdays=NINE_TO_FIVE,
        role=Role.MENTOR,
    ),
    Teacher(
        "ifeoma.chukwu",
        "Ifeoma Chukwu",
        "Africa/Lagos",
        "Lawyer for founders, Lagos",
        "Contracts in plain English before they become quarrels. General guidance, never a substitute for your own "
        "lawyer.",
        25_000,
        workdays=[["16:00", "19:00"]],
    ),
    Teacher(
        "jide.balogun",
        "Jide Balogun",
        "Africa/Lagos",
        "Digital marketer for food and fashion",
        "I spend other people's advertising money carefully. Small budgets welcome: constraint is a good teacher.",
        9_000,
        workdays=NINE_TO_FIVE,
        verified=False,
    ),
    Teacher(
        "rita.ekanem",
        "Rita Ekanem",
        "Africa/Lagos",
        "Pastry chef, Uyo",
        "Laminated dough in a warm kitchen is possible; I do it daily. Costing and packing for home bakers too.",
        7_000,
        workdays=[["13:00", "17:00"]],
        weekend=SATURDAY,
    ),
    Teacher(
        "victor.ayodele",
        "Victor Ayodele",
        "Africa/Lagos",
        "Game developer, Yaba",
        "Small games, finished. I help you cut your idea down until it can be played this month.",
        11_000,
        workdays=EVENINGS,
        verified=False,
    ),
)

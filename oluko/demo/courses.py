"""Eight small courses with their lessons, and who is enrolled in them."""

# One text a line, however long: a table to read.
# ruff: noqa: E501

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from oluko.accounts.models import Person
from oluko.courses.models import Course, Enrolment, Lesson, LessonDone
from oluko.demo.people import LEARNERS, STRANGER, fresh_id


class DemoCourse(NamedTuple):
    """`lessons` are titles with their text; the tutor's and the creator's logins."""

    slug: str
    title: str
    tutor: str
    creator: str
    summary: str
    lessons: tuple[tuple[str, str], ...]


COURSES = (
    DemoCourse(
        "react-foundations",
        "React Foundations",
        "tunde",
        "chidera.okpala",
        "Components, state and effects, from the first button to a small shop that remembers its basket. For people "
        "who can read JavaScript and want to stop guessing.",
        (
            (
                "Thinking in pieces",
                "Print a page you like and draw a box around everything that repeats. Those boxes are your first components.\n\nA component is a function that returns what should be on the screen. Keep it small enough to name.",
            ),
            (
                "Props: what a parent tells a child",
                "Props go down, like instructions in a kitchen. A child reads them and never rewrites them.\n\nExercise: a price tag that receives an amount in kobo and shows naira.",
            ),
            (
                "State: what a piece remembers",
                "If it can be worked out from something else, it isn't state. Keep the least that you can, close to who uses it.\n\nExercise: a basket of akara with plus and minus.",
            ),
            (
                "Lists and keys",
                "A key tells React who is who when the queue moves. The index is a seat number; an id is a name.\n\nTry to break the list by sorting it.",
            ),
            (
                "Forms that people finish",
                "Labels, errors beside the field, and a button that says what it does. A form is a conversation, so answer quickly.",
            ),
            (
                "Effects, and when not to use them",
                "An effect talks to the world outside: a clock, a socket, a title. Most effects you meet in the wild ought to be plain calculations.",
            ),
            (
                "A small shop, from start to end",
                "Put it together: a list, a basket, a checkout that forgets nothing when you reload. Send it to somebody and watch them use it without helping.",
            ),
        ),
    ),
    DemoCourse(
        "python-for-everyday-data",
        "Python for Everyday Data",
        "ibrahim.danladi",
        "ibrahim.danladi",
        "Leave the spreadsheet with 40,000 rows behind. Read, clean, count and draw, with data from markets, buses "
        "and clinics.",
        (
            (
                "Reading a messy file",
                "Real files have three kinds of dates and a column called 'Unnamed: 7'. We open one and stay calm.",
            ),
            (
                "Cleaning without fear",
                "Write each repair as a line of code, so that next month costs one click. Keep the original file as it came.",
            ),
            (
                "Counting and grouping",
                "Which market sold the most, on which day, at which price? One question at a time, from the shortest answer up.",
            ),
            (
                "Joining two tables",
                "A join is a handshake between two lists. Find out who was left without a hand before you trust the total.",
            ),
            (
                "Drawing what you found",
                "A chart answers one question. Say the question in its title, and leave out what doesn't answer it.",
            ),
            (
                "A report that runs itself",
                "Put the steps in one script, give it a date, and send the picture to your manager on Monday morning.",
            ),
        ),
    ),
    DemoCourse(
        "product-design-basics",
        "Product Design Basics",
        "ngozi.obiora",
        "ngozi.obiora",
        "From a complaint overheard in a bus to a tested design: research, sketches, type, colour and a story for your "
        "portfolio.",
        (
            (
                "Listening before drawing",
                "Ask what people did last time, not what they would do. Write down their words exactly.",
            ),
            (
                "Sketch eight, keep one",
                "Fold a page in eight and draw eight ideas in eight minutes. The sixth is often the first that is yours.",
            ),
            (
                "Type and space",
                "Choose one family and three sizes. Let space do the work that lines and boxes do badly.",
            ),
            (
                "Colour that everyone can read",
                "Check contrast in sunlight, on a cheap phone, with tired eyes. Colour may never be the only sign.",
            ),
            (
                "Testing with five people",
                "Five people in a café will show you most of what hurts. Be quiet, take notes, buy the tea.",
            ),
            (
                "Telling the story",
                "Problem, what you tried, what you learned, what changed. Show the ugly middle; it is the convincing part.",
            ),
        ),
    ),
    DemoCourse(
        "speak-and-be-heard",
        "Speak and Be Heard",
        "folake.ajibade",
        "folake.ajibade",
        "For everyone whose voice leaves the room before they do. Breath, structure and practice, aloud from the first "
        "lesson.",
        (
            (
                "Where the voice comes from",
                "Stand, breathe low, hum. Record one minute today; you'll want it on the last day.",
            ),
            (
                "One sentence to take home",
                "If people remember a single sentence, which one? Build the talk backwards from it.",
            ),
            (
                "Stories with a corner in them",
                "A story turns. Tell us what you expected, what happened instead, and what you did then.",
            ),
            (
                "Questions that frighten you",
                "Write the five worst questions and answer each aloud, twice. The second answer is shorter.",
            ),
            ("The first thirty seconds", "No apology, no throat, no slide. Begin with the person in the third row."),
        ),
    ),
    DemoCourse(
        "books-for-small-shops",
        "Books for Small Shops",
        "emeka.anyadike",
        "emeka.anyadike",
        "One page a week is enough to know whether your shop lives. Cash, stock, customers who owe, and the tax that "
        "is really due.",
        (
            (
                "The one-page week",
                "Money in, money out, what is left in the drawer. Do it each Friday before the generator goes off.",
            ),
            (
                "Your money and the shop's money",
                "Pay yourself a wage, however small. From then on the shop's money is not pocket money.",
            ),
            (
                "What a bag of rice really costs",
                "Transport, loading, the torn one. Find the true cost before you choose the price.",
            ),
            ("People who owe you", "Write the date, the amount and a kind reminder. A debt without a date is a gift."),
            ("Stock that sleeps", "Count the shelf once a month. What has not moved for ninety days is money asleep."),
            (
                "Tax without fear",
                "What you must register, what you must keep, and when to ask somebody. Keep receipts by month, in envelopes.",
            ),
        ),
    ),
    DemoCourse(
        "maths-for-entrance-exams",
        "Maths for Entrance Exams",
        "hauwa.jibrin",
        "hauwa.jibrin",
        "The eight topics that carry most marks, each with a picture, a method and the mistakes that everybody makes.",
        (
            ("Numbers that behave", "Fractions, ratios and indices, by sharing yams and folding paper."),
            (
                "Algebra as balance",
                "Whatever you do to one side, do to the other. Watch for the minus sign before the bracket.",
            ),
            (
                "Quadratics three ways",
                "Factorise, complete the square, or use the formula. Learn to see which is quickest.",
            ),
            ("Angles and circles", "Draw it large. Mark what you know. The answer is usually one triangle away."),
            (
                "Trigonometry from a flagpole",
                "A shadow, a stick and a sum: measure the school's flagpole without climbing it.",
            ),
            ("Counting chances", "Cards, coins and the bus that may come. Count the ways before you divide."),
            ("Statistics with a point", "Mean, median and which of the two your uncle uses to win arguments."),
            ("A full paper, calmly", "Two hours, a watch, and permission to skip. Mark it yourself the day after."),
        ),
    ),
    DemoCourse(
        "phone-photography",
        "Phone Photography that Sells",
        "kofi.asamoah",
        "kofi.asamoah",
        "Pictures of cloth, food and rooms with the phone you have. Light first, then everything else.",
        (
            ("Clean the lens, find the window", "The two improvements that cost nothing. Do both before you read on."),
            (
                "One light, one side",
                "Turn your subject until the shadow tells its shape. White card brings back what is too dark.",
            ),
            (
                "Cloth that looks like cloth",
                "Show the weave, the fold and the true colour. Photograph a white sheet first to set it.",
            ),
            (
                "Food before it sighs",
                "Prepare the plate, the place and the angle; the food comes last and is taken within a minute.",
            ),
            (
                "Twelve pictures for a shop",
                "A list of the dozen pictures that every small shop needs, and an afternoon to take them.",
            ),
        ),
    ),
    DemoCourse(
        "linux-and-cloud-first-steps",
        "Linux and Cloud: First Steps",
        "tobi.akinwale",
        "peter.odhiambo",
        "A server of your own, from the first login to a site that comes back after a power cut. Plain tools, explained.",
        (
            (
                "The shell is a conversation",
                "Ask where you are, what is here, and who else is logged in. Read the answer before you type again.",
            ),
            (
                "Files, owners, permissions",
                "Who may read, who may write, who may run. Most mysteries on a server are one of these three.",
            ),
            ("Processes and services", "What runs, since when, and what should start it again when it falls."),
            ("Keys instead of passwords", "Make a pair, keep one half secret for ever, and turn the password off."),
            (
                "A web server in an hour",
                "Serve one page, then serve it with a certificate, then break it on purpose and read the log.",
            ),
            (
                "Backups you have restored",
                "A backup that was never restored is a rumour. Restore one today, with a watch.",
            ),
            ("When the light goes", "Pull the plug. What came back by itself, and what has to be taught to?"),
        ),
    ),
)


def create_courses(chance: random.Random, people: dict[str, Person], monday: datetime) -> dict[str, Course]:
    """The courses by slug, with lessons and enrolments. Call inside a transaction."""
    courses = {
        demo.slug: Course(
            id=fresh_id(chance),
            title=demo.title,
            slug=demo.slug,
            summary=demo.summary,
            thumbnail=f"courses/{demo.slug}.svg",
            tutor=people[demo.tutor],
            creator=people[demo.creator],
            created_at=monday - timedelta(days=85),
        )
        for demo in COURSES
    }
    Course.objects.bulk_create(courses.values())
    Lesson.objects.bulk_create(
        Lesson(course=courses[demo.slug], position=position, title=title, body=body)
        for demo in COURSES
        for position, (title, body) in enumerate(demo.lessons, start=1)
    )
    _enrol(chance, people, courses, monday)
    return courses


def _enrol(chance: random.Random, people: dict[str, Person], courses: dict[str, Course], monday: datetime) -> None:
    """Ada has completed React Foundations; the other learners are somewhere on their way, each in two or three."""
    wanted: list[tuple[str, str, int]] = [("ada", "react-foundations", 7), ("ada", "product-design-basics", 2)]
    wanted += [("bola", "react-foundations", 4), ("bola", "speak-and-be-heard", 1)]
    for login, _name, _zone in LEARNERS:
        if login in ("ada", "bola", STRANGER):
            continue
        for demo in chance.sample(COURSES, chance.randint(2, 3)):
            total = len(demo.lessons)
            wanted.append((login, demo.slug, total if chance.random() < 0.3 else chance.randint(0, total - 1)))
    lessons = {slug: list(course.lessons.order_by("position")) for slug, course in courses.items()}
    enrolments, done = [], []
    for login, slug, how_many in wanted:
        start = monday - timedelta(days=chance.randint(25, 70), minutes=-15 * chance.randint(28, 80))
        times = [start + timedelta(days=2 * number, minutes=45) for number in range(1, how_many + 1)]
        complete = how_many == len(lessons[slug])
        enrolment = Enrolment(
            course=courses[slug], person=people[login], enrolled_at=start, completed_at=times[-1] if complete else None
        )
        enrolments.append(enrolment)
        pairs = zip(lessons[slug], times, strict=False)
        done += [LessonDone(enrolment=enrolment, lesson=lesson, done_at=at) for lesson, at in pairs]
    Enrolment.objects.bulk_create(enrolments)
    LessonDone.objects.bulk_create(done)

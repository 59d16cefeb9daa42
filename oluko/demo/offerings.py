"""What the demo's teachers list: 120 offerings, some linked to a course of the tutor's own."""

# One text a line, however long: a table to read.
# ruff: noqa: E501

from __future__ import annotations

import random
from datetime import datetime, timedelta

from oluko.accounts.models import Person
from oluko.courses.models import Course
from oluko.demo.people import fresh_id
from oluko.offerings.models import BookingMode, CancellationPolicy, Offering

REACT = "react-foundations"
DATA = "python-for-everyday-data"
DESIGN = "product-design-basics"
SPEAK = "speak-and-be-heard"
BOOKS = "books-for-small-shops"
MATHS = "maths-for-entrance-exams"
PHOTO = "phone-photography"
LINUX = "linux-and-cloud-first-steps"

# (title, minutes, naira, course or "", what happens in it); on request only where the title ends with "*".
Listing = tuple[str, int, int, str, str]

LISTINGS: dict[str, tuple[Listing, ...]] = {
    "tunde": (
        ("Deep React, one to one", 60, 5_000, REACT, "Hooks, state and your own code. We open what you built after the course and make one part of it really good."),
        ("Unblock me: half an hour on one bug", 30, 3_000, REACT, "Share the screen, show the bug, and we follow it to its root. You leave with the fix and the way to find the next one."),
        ("From course project to portfolio piece", 90, 8_500, REACT, "We choose what an employer should see in your shop project, cut the rest, and write the story beside it."),
        ("React interview, the real questions*", 90, 12_000, "", "A full mock interview with code, then an honest talk about how it went. Tell me which company and I prepare for it."),
        ("Review of your front end before launch*", 120, 18_000, "", "I read your repository beforehand. Speed, access, errors, and the three things I would change first."),
    ),
    "mei": (
        ("From notebook to pipeline", 90, 12_500, "", "Your first project, read line by line: what to keep, what to name, what to test."),
        ("Your first data job: a mentor's hour", 60, 9_000, "", "Where you are, what is missing, and a plan for the coming six weeks."),
        ("SQL that reads like a sentence", 60, 8_000, "", "Window functions and joins, practised on a market's receipts."),
        ("Mock take-home task, reviewed*", 120, 20_000, "", "You do a realistic task in advance; we review it as a hiring team would."),
    ),
    "chidera.okpala": (
        ("CSS for people who love React", 60, 6_500, REACT, "Layout without luck: grid, flow and spacing, in your own components."),
        ("Accessible components, built together", 90, 9_500, REACT, "A menu and a dialog that work by keyboard and by voice."),
        ("Exercises of React Foundations, second look", 45, 4_000, REACT, "Bring the lesson that didn't sit. We do its exercise in another way."),
        ("Design tokens for a small team", 60, 8_000, "", "Colours, type and space that designers and programmers share."),
    ),
    "ngozi.obiora": (
        ("Portfolio review before you apply", 45, 7_500, DESIGN, "The first minute, the middle, and the one case that should lead."),
        ("Case study clinic", 60, 9_000, DESIGN, "We rewrite one case study so that the learning is visible."),
        ("Figma files that developers thank you for", 60, 7_000, "", "Names, layers, states and what to write beside them."),
        ("Design career talk, no slides*", 30, 4_500, "", "Offers, levels, leaving an agency: ask what you can't ask at work."),
    ),
    "ibrahim.danladi": (
        ("Your messy file, cleaned together", 60, 6_000, DATA, "Send the file a day before. We write the cleaning steps as code you can run again."),
        ("Pandas without tears", 90, 8_000, DATA, "Grouping, joining and dates, until they feel ordinary."),
        ("Charts for people who decide", 45, 5_000, DATA, "One question, one chart, a title that says the answer."),
        ("Spreadsheet to Python, for one office*", 120, 14_000, "", "For teams: the report that somebody rebuilds every month, automated."),
    ),
    "folake.ajibade": (
        ("Rehearse your speech aloud", 45, 6_000, SPEAK, "You speak, I listen, we mend the beginning and the end."),
        ("Voice and breath, first steps", 30, 4_000, SPEAK, "Exercises for a voice that reaches the back row without shouting."),
        ("Pitch practice for founders", 60, 10_000, SPEAK, "Three minutes, then the questions that frighten you, twice."),
        ("Wedding toast rescue", 30, 3_500, "", "Names, one story, one wish. It will be warm and short."),
    ),
    "emeka.anyadike": (
        ("Set up your one-page week", 60, 7_500, BOOKS, "We design the page for your shop and fill in last week together."),
        ("Price check: what does it really cost?", 45, 5_500, BOOKS, "Five of your products, their true cost, and a price you can defend."),
        ("Taxes for a registered business name", 60, 9_500, BOOKS, "What to file, when, and what to keep in which envelope."),
        ("Loan papers, read before you sign*", 90, 15_000, "", "We go through the offer line by line and work out what it costs in a bad month."),
    ),
    "hauwa.jibrin": (
        ("Algebra, from the beginning, kindly", 60, 3_500, MATHS, "For those who were told they can't. You can."),
        ("Past paper under the clock", 120, 6_500, MATHS, "A whole paper, with my pencil beside yours afterwards."),
        ("Circle geometry in pictures", 45, 3_000, MATHS, "Theorems as drawings; each one ends in a problem of the exam."),
        ("Two students, one teacher", 60, 4_500, "", "Bring a friend. You explain to one another, and I mend."),
    ),
    "kofi.asamoah": (
        ("Your shop in twelve pictures", 90, 8_000, PHOTO, "We plan the dozen, you shoot the first three while I watch."),
        ("Food photographs by the window", 60, 5_500, PHOTO, "Plate, place, angle: then the food, quickly."),
        ("Editing on the phone, lightly", 45, 4_000, PHOTO, "Light, colour and crop. Nothing that looks edited."),
        ("Weddings with two phones", 60, 7_000, "", "Positions, batteries, and what the aunties expect."),
    ),
    "tobi.akinwale": (
        ("Your server, looked at together", 60, 10_000, LINUX, "Log in, look round, and fix what worries me most."),
        ("Backups: restore one today", 60, 9_000, LINUX, "We restore your backup with a watch running, and write down the steps."),
        ("Containers, from zero to useful", 90, 13_500, LINUX, "What a container is, and one of your programs inside one."),
        ("On-call without fear*", 60, 12_000, "", "Alerts, runbooks and sleep, for a team of up to three."),
    ),
    "amaka.ezenwa": (
        ("Money in databases: amounts, states, retries", 90, 15_000, "", "How payments go wrong and how to write them so that they don't."),
        ("Backend code review", 60, 11_000, "", "One pull request or one module, read with you."),
        ("Negotiate the offer on your desk", 45, 9_000, "", "Numbers, words, and when to be quiet."),
        ("System design rehearsal*", 90, 16_000, "", "A whiteboard, a problem, and feedback you can use tomorrow."),
    ),
    "sadiq.umaru": (
        ("Flutter: your first real app", 90, 9_500, "", "From an empty project to a list that works offline."),
        ("Make the app smaller", 45, 6_000, "", "We weigh your app and take out what nobody uses."),
        ("Publish without rejection", 60, 7_500, "", "Store listing, signing, privacy form: the whole tedious path."),
        ("Kotlin for Java people", 60, 7_000, "", "Nulls, coroutines and habits to unlearn."),
    ),
    "adaeze.nnamdi": (
        ("From support to product manager", 60, 13_000, "", "Which of your stories are product stories, and how to tell them."),
        ("A roadmap that fits on a page", 60, 12_000, "", "We cut yours until your engineers believe it."),
        ("Mock product interview*", 90, 19_000, "", "Sense, execution, numbers. Recorded only if you wish."),
        ("First ninety days in a new role", 45, 9_500, "", "Who to meet, what to read, what to leave alone."),
    ),
    "bamidele.coker": (
        ("Your first ten pages", 60, 6_500, "", "Send them two days before. We find out what the scene is about."),
        ("Dialogue that sounds like Lagos", 60, 6_000, "", "Pidgin, pause and subtext; we read it aloud."),
        ("Series idea to one-page pitch", 90, 9_000, "", "World, people, engine, and why now."),
        ("Writers' room for one*", 120, 12_500, "", "Two hours on your story, with cards on a wall."),
    ),
    "grace.effiong": (
        ("Nursing exam: cases under time", 90, 8_000, "", "Twenty cases, your reasoning aloud, mine afterwards."),
        ("Interview with a hospital abroad", 60, 7_500, "", "Questions they ask, answers that are true and clear."),
        ("Drug calculations, calmly", 45, 5_000, "", "Units first. Then it is only division."),
        ("Papers for registration, in order*", 60, 8_500, "", "Which letters, from whom, in which month."),
    ),
    "segun.martins": (
        ("Mix check: bring your stems", 60, 8_000, "", "Low end, vocal, space. You move the faders."),
        ("Afrobeats drums from nothing", 60, 7_000, "", "Shaker, log drum, and where the silence goes."),
        ("Home studio for little money", 45, 5_000, "", "What to buy, what to borrow, where to hang the blanket."),
    ),
    "zara.abdulkadir": (
        ("First security job: a plan", 60, 11_000, "", "Labs, certificates and projects, in an order that fits your purse."),
        ("Read a log like a detective", 60, 10_000, "", "Real logs, anonymised. What happened, and when did it start?"),
        ("Phones of the family, made safe", 45, 7_000, "", "Updates, backups and the messages nobody should answer."),
        ("Capture the flag, together", 90, 13_000, "", "One machine, from scan to flag, with the thinking aloud."),
        ("Is my small company safe?*", 120, 24_000, "", "A walk through accounts, backups and phones, and a list of ten things to do."),
    ),
    "uche.ikenna": (
        ("From oil to energy analysis", 60, 16_000, "", "What carries over, what to learn, and whom to call."),
        ("Reading a solar project's numbers", 90, 20_000, "", "Yield, price, loan: where optimism hides in the sheet."),
        ("A mentor for engineers abroad", 45, 10_000, "", "Visas aside: culture, meetings, and being heard."),
    ),
    "lola.oyedele": (
        ("Draft a bodice block", 90, 6_500, "", "Measure, draw, check. Have brown paper ready."),
        ("Cost a dress properly", 45, 4_500, "", "Cloth, thread, time, light. Then add your wage."),
        ("Fitting problems, by photo", 30, 3_000, "", "Send front, side and back. I mark what to let out."),
        ("Start a small sewing line*", 120, 12_000, "", "Sizes, samples, two tailors and a calendar."),
    ),
    "musa.tanko": (
        ("What ails my tomatoes?", 30, 2_500, "", "Pictures of leaf, stem and soil first, please."),
        ("Drip lines for half a hectare", 60, 5_000, "", "Water, height, pipe. A sketch you can take to the market."),
        ("Seed potatoes, storage and timing", 45, 3_500, "", "What to keep, where, and until when."),
    ),
    "ebele.mbah": (
        ("Evaluate before you train", 60, 13_000, "", "What would count as better? We write the test first."),
        ("Paper to code", 120, 22_000, "", "Choose a paper; we get its smallest part to run."),
        ("Machine learning interview*", 90, 19_500, "", "Maths, code and the awkward question about your data."),
        ("Moving to Germany as an engineer", 45, 9_000, "", "Contracts, language, winter."),
    ),
    "kemi.sowande": (
        ("CV in forty-five minutes", 45, 5_500, "", "We rewrite the top half together; you do the rest while it is fresh."),
        ("Interview rehearsal", 60, 7_000, "", "Your real post, my real questions."),
        ("LinkedIn without shouting", 30, 3_500, "", "Headline, first lines, and what to leave out."),
        ("Salary talk, practised aloud", 45, 6_000, "", "You say the number until it no longer trembles."),
    ),
    "daniel.okorie": (
        ("Mechanics, drawn", 60, 3_500, "", "Forces as arrows, then equations that follow from them."),
        ("Electricity from torch to grid", 60, 3_500, "", "Charge, current and voltage without hand-waving."),
        ("Further maths rescue", 90, 5_500, "", "Choose two topics; we get both to walk."),
        ("Physics practical on video", 60, 4_000, "", "Readings, tables and graphs as examiners want them."),
    ),
    "aisha.danjuma": (
        ("Hausa conversation, from greeting on", 45, 3_000, "", "You speak at once, about your own day."),
        ("Arabic letters in four meetings: the first", 60, 3_500, "", "Ten letters, by hand, with their sounds."),
        ("Hausa for field work*", 60, 5_000, "", "Questions and courtesies for surveys and clinics."),
    ),
    "wale.adesina": (
        ("Yoruba tones with songs", 45, 3_000, "", "Do, re, mi: say it high, say it low, and mean another thing."),
        ("Market Yoruba", 45, 3_000, "", "Prices, haggling, thanks. Come with an appetite."),
        ("Yoruba for your children", 60, 4_000, "", "Parent and child together, mostly games."),
    ),
    "nkechi.umeh": (
        ("Igbo from zero", 45, 3_000, "", "Greetings, family, and your first whole story of five lines."),
        ("Tell a folk tale in Igbo", 60, 3_500, "", "We learn the tortoise's newest trick by heart."),
        ("Igbo letters to grandmother", 30, 2_500, "", "We write a real one. She will cry."),
    ),
    "peter.odhiambo": (
        ("Your slowest query", 60, 9_500, LINUX, "Bring the query and its plan. We make it quick and you know why."),
        ("Indexes, once and for all", 60, 9_000, "", "What a database does when you are not looking."),
        ("A schema that will last", 90, 14_000, "", "We draw yours and ask it unkind questions."),
        ("PostgreSQL on your own server*", 120, 18_000, LINUX, "Install, tune a little, back up, restore."),
    ),
    "thandi.mokoena": (
        ("Grant proposal, second draft", 90, 13_000, "", "Send the call and the draft. We make it answer the call."),
        ("Theory of change on one page", 60, 10_000, "", "If, then, because. And how you would notice."),
        ("Budget beside the story", 60, 9_500, "", "Every line of the budget finds its sentence in the proposal."),
        ("A report that is read", 45, 8_000, "", "Begin with what changed for whom."),
    ),
    "ifeoma.chukwu": (
        ("Founders' agreement in plain words", 60, 18_000, "", "Who owns what, who decides, and what if somebody leaves."),
        ("Read my contract with me*", 60, 20_000, "", "General guidance on what a clause does and what to ask for."),
        ("Registering a company: which form?", 45, 12_000, "", "Business name or limited: costs, duties, consequences."),
    ),
    "jide.balogun": (
        ("Your first ₦20,000 of advertising", 60, 6_500, "", "Whom, where, with which picture. Then we watch it together."),
        ("Captions that sell, not shout", 30, 3_500, "", "Five of yours, rewritten."),
        ("A month of posts in one sitting", 90, 8_000, "", "A plan, twelve ideas, and a calendar you can keep."),
    ),
    "rita.ekanem": (
        ("Puff pastry in a warm kitchen", 90, 6_000, "", "Butter, patience, fridge. We fold together on video."),
        ("Cost your cakes", 45, 4_000, "", "Eggs have changed their price. Has your menu?"),
        ("Wedding cake, planned backwards*", 60, 7_500, "", "From the photograph to the shopping list."),
    ),
    "victor.ayodele": (
        ("Cut your game until it is finished", 60, 6_500, "", "What is the one thing it does? We keep that."),
        ("Godot: a first playable level", 90, 8_500, "", "A hero, a wall, a reason to jump."),
        ("Pixel animation basics", 45, 5_000, "", "Four frames that walk."),
    ),
}  # fmt: skip


def create_offerings(
    chance: random.Random, people: dict[str, Person], courses: dict[str, Course], monday: datetime
) -> list[Offering]:
    """All listings, made over the past eleven weeks. Call inside a transaction."""
    offerings = []
    for login, listings in LISTINGS.items():
        for title, minutes, naira, slug, text in listings:
            on_request = title.endswith("*")
            offerings.append(
                Offering(
                    id=fresh_id(chance),
                    tutor=people[login],
                    course=courses[slug] if slug else None,
                    title=title.removesuffix("*"),
                    description=f"{text}\n\n{chance.choice(_PREPARE)}",
                    duration=minutes,
                    price=naira * 100,
                    booking_mode=BookingMode.REQUEST if on_request else BookingMode.INSTANT,
                    cancellation_policy=chance.choice(_POLICIES),
                    created_at=monday - timedelta(days=chance.randint(8, 77), minutes=15 * chance.randint(0, 60)),
                )
            )
    return Offering.objects.bulk_create(offerings)


_PREPARE = (
    "Before we meet, write down what you have tried. Half a page is plenty.",
    "Come with one real example. Invented ones behave too well.",
    "Headphones help, and so does a quiet corner. If the light goes, we go on by phone.",
    "You will get my notes on the same day.",
    "If something else turns out to be more urgent, we change the plan; it is your hour.",
    "Beginners are as welcome as old hands.",
)
_POLICIES = (
    CancellationPolicy.MODERATE,
    CancellationPolicy.MODERATE,
    CancellationPolicy.FLEXIBLE,
    CancellationPolicy.MODERATE,
    CancellationPolicy.STRICT,
)

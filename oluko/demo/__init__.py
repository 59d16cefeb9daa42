"""The demo data of the sandbox mode: people, courses, offerings and a past, invented and always the same."""

"""Documents of an event and small facts about its people: each declared once, each with one way to change."""

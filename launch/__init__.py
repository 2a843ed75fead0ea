"""How the console is set up, started and checked; see start.py for what this code may use."""

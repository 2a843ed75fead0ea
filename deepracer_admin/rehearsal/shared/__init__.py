"""What every room of the practice world stands on: clock, faults, people, journals, signatures, the racer's side."""

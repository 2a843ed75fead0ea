"""``python -m deepracer_admin.rehearsal --home DIR``: start a practice world."""

import argparse
import logging
import os
import sys
from pathlib import Path

from deepracer_admin.rehearsal.world import World
from deepracer_admin.rehearsal.world.server import (
    HomeTaken,
    PortTaken,
    listening_socket,
    refuse_second_world,
    run_until_signalled,
)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deepracer_admin.rehearsal", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for practice.json and the saved world")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="chance: the same seed gives the same rehearsal")
    parser.add_argument("--speed", type=float, default=60.0, help="practice seconds in one real second, 0 to 600")
    parser.add_argument("--slots", type=int, help="jobs that run at the same time (as saved; 100 in a new world)")
    parser.add_argument("--version", default="1.3.1", help="edition of DeepRacer on AWS to imitate")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run a world to its end. 0: stopped as asked. 2: could not start, with one sentence on stderr why."""
    options = arguments(given)
    os.umask(0o077)  # whatever a world writes is for this account alone
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    try:
        refuse_second_world(options.home)
        listener = listening_socket(options.port)
        world = World(
            options.home, seed=options.seed, speed=options.speed, slots=options.slots, version=options.version
        )
    except (HomeTaken, PortTaken, ValueError, OSError) as refused:
        print(refused, file=sys.stderr)
        return 2
    run_until_signalled(world, listener, lambda: print(f"The practice world listens at {world.ground.url}", flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What clients did to a practice world, counted."""

from collections import Counter


class Counters:
    """What the clients did: calls by service and by operation, writes that were carried out, faults that hit."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.by_operation: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def called(self, service: str, operation: str) -> None:
        self.calls[service] += 1
        self.by_operation[f"{service}.{operation}"] += 1

    def listing(self) -> dict[str, dict[str, int]]:
        return {name: dict(getattr(self, name)) for name in ("calls", "by_operation", "writes", "faults")}

    def restore(self, state: dict[str, dict[str, int]]) -> None:
        for name in ("calls", "by_operation", "writes", "faults"):
            setattr(self, name, Counter(state.get(name, {})))

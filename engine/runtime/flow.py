"""The largest flow through a small network: which of several things can be had together. Pure.

Dinic's algorithm: at most as many rounds as there are nodes, each O(nodes * edges). Where every
unit is a person of their own, rounds are O(edges) and about the square root of the nodes is enough.
"""

from __future__ import annotations


class Flow:
    """A network between node 0, the source, and node 1, the sink."""

    SOURCE, SINK = 0, 1

    def __init__(self, nodes: int) -> None:
        self._out: list[list[int]] = [[] for _ in range(nodes)]
        self._to: list[int] = []
        self._room: list[int] = []
        """What still goes through an edge; that of its opposite direction stands beside it."""

    def join(self, start: int, end: int, room: int) -> None:
        """Let as much go from one node to another."""
        for edge_from, edge_to, size in ((start, end, room), (end, start, 0)):
            self._out[edge_from].append(len(self._to))
            self._to.append(edge_to)
            self._room.append(size)

    def run(self) -> int:
        """Send as much as goes from source to sink, and return how much that was.

        >>> flow = Flow(4)
        >>> flow.join(Flow.SOURCE, 2, 3), flow.join(2, 3, 2), flow.join(3, Flow.SINK, 5)
        (None, None, None)
        >>> flow.run()
        2
        """
        total = 0
        while True:
            level = self._levels(self.SOURCE)
            if self.SINK not in level:
                return total
            turn = [0] * len(self._out)
            while sent := self._push(level, turn):
                total += sent

    def reachable(self, start: int) -> frozenset[int]:
        """Return to which nodes one unit more could go from a node, once the rest is sent."""
        return frozenset(self._levels(start))

    def _levels(self, start: int) -> dict[int, int]:
        """Return how many edges with room lead to each node that can be reached."""
        found, todo = {start: 0}, [start]
        for at in todo:
            for edge in self._out[at]:
                end = self._to[edge]
                if self._room[edge] and end not in found:
                    found[end] = found[at] + 1
                    todo.append(end)
        return found

    def _push(self, level: dict[int, int], turn: list[int]) -> int:
        """Send what fits along one of the shortest ways; return 0 where none is left.

        `turn` says which edge of a node comes next: those before it lead nowhere.
        """
        way: list[int] = []
        at = self.SOURCE
        while at != self.SINK:
            edge = self._next(at, level, turn)
            if edge is not None:
                way.append(edge)
                at = self._to[edge]
            elif way:
                at = self._to[way.pop() ^ 1]
                turn[at] += 1
            else:
                return 0
        sent = min(self._room[edge] for edge in way)
        for edge in way:
            self._room[edge] -= sent
            self._room[edge ^ 1] += sent
        return sent

    def _next(self, at: int, level: dict[int, int], turn: list[int]) -> int | None:
        edges = self._out[at]
        while turn[at] < len(edges):
            edge = edges[turn[at]]
            if self._room[edge] and level.get(self._to[edge]) == level[at] + 1:
                return edge
            turn[at] += 1
        return None

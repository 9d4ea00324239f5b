"""OpenVINO's intermediate representation: layers, edges, and where their constants lie.

<net version><layers><layer id type version><data offset size/>…</layers><edges>…</edges></net>
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.identified.kind import plain, producer

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes
    from modelwarden.formats.source import Source

_SET = re.compile(r"opset\d{1,3}")
_WHOLE = re.compile(r"[0-9]{1,19}")
_MOST = 1_000_000
_UNUSED = 4096  # bytes between constants that alignment explains
_BITS = {
    "f64": 64, "i64": 64, "u64": 64,
    "f32": 32, "i32": 32, "u32": 32,
    "f16": 16, "bf16": 16, "i16": 16, "u16": 16,
    "i8": 8, "u8": 8, "boolean": 8, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8,
    "i4": 4, "u4": 4, "nf4": 4, "f4e2m1": 4, "u1": 1,
}  # fmt: skip
_VERSIONS = ("Runtime_version", "MO_version")
_RELEASE = re.compile(r"(\d{4}\.\d+\.\d+)")


@dataclass(slots=True)
class _Graph:
    """The layers of a network, or of the body of a loop."""

    layers: dict[str, set[str]] = field(default_factory=dict)
    edges: list[tuple[str, str, str, str, int]] = field(default_factory=list)


class Openvino:
    """Gathers the layers of a model."""

    def __init__(self, notes: Notes) -> None:
        """Write what is wrong to `notes`."""
        self.notes = notes
        self.graphs = [_Graph()]
        self.open: list[str] = []
        self.layer: tuple[str, str] = ("", "")
        self.spans: list[tuple[int, int, int]] = []
        self.customs: set[str] = set()
        self.version = 0
        self.layers = 0
        self.release = ""

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take an element."""
        above = self.open[-1] if self.open else ""
        self.open.append(name)
        if name == "net" and not above:
            found = _WHOLE.fullmatch(attributes.get("version", ""))
            self.version = int(found[0]) if found else 0
        elif name == "layers" and len(self.open) > 2:
            self.graphs.append(_Graph())
        elif name == "layer" and above == "layers":
            self.begin(attributes, at)
        elif name == "port":
            self.graphs[-1].layers.setdefault(self.layer[0], set()).add(attributes.get("id", ""))
        elif name == "edge" and above == "edges":
            parts = ("from-layer", "from-port", "to-layer", "to-port")
            a, b, c, d = (attributes.get(part, "") for part in parts)
            if len(self.graphs[-1].edges) < _MOST:
                self.graphs[-1].edges.append((a, b, c, d, at))
        elif "offset" in attributes and "size" in attributes and above in ("layer", "blobs"):
            self.constant(attributes, at)
        elif "rt_info" in self.open or "meta_data" in self.open:
            self.told(name, attributes, at)

    def begin(self, attributes: Mapping[str, str], at: int) -> None:
        """Take a layer."""
        self.layers += 1
        graph = self.graphs[-1]
        number, kind = attributes.get("id", ""), attributes.get("type", "")
        self.layer = number, kind
        if number in graph.layers:
            self.notes.fault("invalid", kind, f"two layers have the number {number[:40]!r}", at)
        if len(graph.layers) < _MOST:
            graph.layers[number] = set()
        version = attributes.get("version", "")
        if self.version >= 10 and not _SET.fullmatch(version):
            named = f"{kind}:{version}"
            if named not in self.customs and len(self.customs) < 100:
                self.customs.add(named)
                why = f"the layer {kind[:80]!r} of {version[:80]!r} is none of OpenVINO's sets"
                self.notes.fault("code", kind, why, at)

    def constant(self, attributes: Mapping[str, str], at: int) -> None:
        """Take the place of a constant."""
        offset, size = (_WHOLE.fullmatch(attributes[part].strip()) for part in ("offset", "size"))
        if offset is None or size is None:
            why = f"a constant at {attributes['offset'][:40]!r} of {attributes['size'][:40]!r}"
            return self.notes.fault("reference", "constants", why, at)
        if len(self.spans) < _MOST:
            self.spans.append((int(offset[0]), int(size[0]), at))
        bits, shape = _BITS.get(attributes.get("element_type", "")), attributes.get("shape")
        if bits is None or shape is None:
            return None
        parts = [part.strip() for part in shape.split(",") if part.strip()]
        if len(parts) > 64 or not all(_WHOLE.fullmatch(part) for part in parts):
            return self.notes.fault("invalid", "constants", f"a shape of {shape[:80]!r}", at)
        needed = -(-math.prod(map(int, parts)) * bits // 8)
        if needed != int(size[0]):
            why = f"a constant of {size[0]} bytes whose shape needs {needed}"
            self.notes.fault("reference", "constants", why, at)
        return None

    def told(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Keep what the model says of itself."""
        value = attributes.get("value", "")
        if name in _VERSIONS and not self.release:
            found = _RELEASE.search(plain(value))
            self.release = found[1] if found else ""
        if value:
            self.notes.describe(name[:300], value[: 1 << 14], at)

    def text(self, text: str) -> None:
        """Take nothing."""

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.open.pop()
        if name == "edges" and self.graphs:
            self.joined(self.graphs[-1])
        if name in ("body", "then_body", "else_body") and len(self.graphs) > 1:
            self.graphs.pop()

    def joined(self, graph: _Graph) -> None:
        """Hold the edges of a network to its layers and their ports."""
        for from_, out, to, into, at in graph.edges:
            for layer, port in ((from_, out), (to, into)):
                if layer not in graph.layers:
                    why = f"an edge joins the layer {layer[:40]!r}, which is not there"
                elif port and port not in graph.layers[layer]:
                    why = f"an edge joins the port {port[:40]!r} of layer {layer[:40]!r}"
                else:
                    continue
                return self.notes.fault("reference", "edges", why, at)
        graph.edges.clear()
        return None

    def producer(self) -> Producer | None:
        """Tell who wrote it."""
        return producer("openvino", self.release or None)

    def whole(self, source: Source) -> None:
        """Hold the constants to the file of weights beside the model."""
        if not self.layers:
            self.notes.fault("invalid", "net", "the network has no layers", 0)
        stem, dot, _ = source.name.rpartition("/")[2].rpartition(".")
        weights = source.beside(f"{stem}.bin") if dot else None
        if weights is None:
            return
        with weights:
            size = weights.size
        end = unused = 0
        for offset, length, at in sorted(self.spans):
            if offset + length > size:
                why = f"a constant ends at {offset + length} of {size} bytes of weights"
                self.notes.fault("reference", "constants", why, at)
                return
            unused += max(0, offset - end) if offset - end > 64 else 0
            end = max(end, offset + length)
        unused += size - end
        if unused > _UNUSED:
            why = f"{unused} bytes of weights are used by no layer"
            self.notes.fault("trailing", "weights", why, 0)

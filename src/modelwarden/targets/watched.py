"""A torch module watched while it runs in the confined process: where its gradients hide.

Standard library and torch only, Python 3.8 or later: sent to the worker before `inside.py`, which
asks it what scores rest on and lets gradients pass by steps that have none.
"""

_STEPS = ("round", "floor", "ceil", "trunc", "fix", "sign", "sgn")
_LINES = ("linear", "addmm", "matmul", "mm", "bmm", "baddbmm", "einsum", "__matmul__")
_LEAVES = ("numpy", "__array__", "tolist")
_COMES = ("from_numpy", "tensor", "as_tensor", "asarray")
_RESTS = ("remainder", "fmod", "frac", "mod")  # of steps: what is left of x is x less a step
_KEPT = 0.2  # the least correlation at which an answer counts as made of what went in


class _Blind:
    """What watches in a release of torch that cannot be watched."""

    def __init__(self, shape=None, deep=False):
        self.stepped, self.heads = False, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def rejoin(self, tensor):
        return tensor


def tensors(args):
    """Yield the tensors among arguments, also those in lists."""
    import torch

    for one in args:
        if isinstance(one, torch.Tensor):
            yield one
        elif isinstance(one, (list, tuple)):
            for inner in tensors(one):
                yield inner


def watching(shape, deep):
    """Return a context in which a module's gradients are not hidden, nor what its scores rest on.

    Rounding and signs pass the gradient on as if they were not there. `heads` are what linear
    layers and means made of the shape of the scores: there scores are as they are before a softmax,
    a scale or a limit. If `deep`, what was compared, cast to whole numbers, taken out of the graph
    or into numpy passes the gradient on too, as a line fitted to what went in and came out.
    Source: Athalye, Carlini and Wagner 2018, "Obfuscated gradients give a false sense of security".
    """
    import torch

    try:
        from torch.overrides import TorchFunctionMode
    except ImportError:  # torch before 1.13: gradients as they are
        return _Blind()

    rows, count = shape[0], 1 if len(shape) == 1 else shape[1]

    class Watching(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.stepped, self.heads = False, []
            self.lost, self.left = {}, None

        def __torch_function__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            name = getattr(func, "__name__", "").split(".")[0]
            if name in _LEAVES and isinstance(args[0], torch.Tensor):
                self.left = self.source(args[0])
                return func(args[0].detach(), *args[1:], **kwargs)
            if deep:
                args = self.rejoined(name, args)
            first = args[0] if args and isinstance(args[0], torch.Tensor) else None
            if deep and name.strip("_") in _RESTS and first is not None:
                return func(first.detach(), *args[1:], **kwargs)
            graded = first is not None and first.requires_grad and torch.is_grad_enabled()
            if graded and name.rstrip("_") in _STEPS:
                self.stepped = True
                flat = func(first.detach().clone(), *args[1:], **kwargs)
                if name.endswith("_"):
                    first.data.copy_(flat)
                    return first
                return first + (flat - first).detach()
            result = func(*args, **kwargs)
            if isinstance(result, torch.Tensor):
                if deep and not result.requires_grad:
                    self.lose(name, args, result)
                self.look(name, args, result)
            return result

        def look(self, name, args, result):
            """Keep what may be what the scores rest on."""
            if not result.requires_grad or result.shape[:1] != (rows,):
                return
            if result.numel() not in (rows, rows * count):
                return
            most = max((t.numel() for t in tensors(args)), default=0)
            if name in _LINES or most > result.numel():
                self.heads.append((name in _LINES, result))

        def source(self, tensor):
            """Return what a tensor was made of: itself, what it was before, or what left."""
            if tensor.requires_grad:
                return tensor
            known = self.lost.get(id(tensor))
            if known is not None:
                return known[1]
            return self.left if self.left is not None and self.left.shape == tensor.shape else None

        def lose(self, name, args, result):
            if name in _COMES:
                source = self.left
            elif name.endswith("_like"):
                source = None
            else:
                found = (self.source(t) for t in tensors(args))
                source = next((t for t in found if t is not None and t.shape == result.shape), None)
            if source is not None and source.shape != result.shape:
                source = None
            self.lost[id(result)] = (result, source)  # kept: no other must get its number

        def rejoined(self, name, args):
            """Put the gradient back into numbers that lost it, where they are used."""
            if not torch.is_grad_enabled() or name in ("detach", "data", "requires_grad", "shape"):
                return args
            return tuple(
                self.rejoin(a)
                if isinstance(a, torch.Tensor)
                else type(a)(self.rejoin(b) if isinstance(b, torch.Tensor) else b for b in a)
                if type(a) in (list, tuple)
                else a
                for a in args
            )

        def rejoin(self, tensor):
            if not tensor.is_floating_point() or tensor.requires_grad:
                return tensor
            source = self.source(tensor)
            if source is None:
                return tensor
            with torch._C.DisableTorchFunction():
                x, y = source.detach().double(), tensor.double().to(source.device)
                x, y = x - x.mean(), y - y.mean()
                size, both = (x * x).sum(), (x * y).sum()
                if not both.abs() > _KEPT * (size * (y * y).sum()).sqrt():
                    return tensor
                self.stepped = True
                slope = (both / size).to(source.dtype)
                return tensor + (slope * (source - source.detach())).to(tensor.device, tensor.dtype)

    return Watching()


def ordered(head, scores):
    """Tell whether a head leads to the same decisions as the scores, which never run against it."""
    if scores.shape[1] > 2:
        said, told = scores.max(dim=1), head.argmax(dim=1)
        ties = (scores == said.values[:, None]).sum(dim=1) > 1
        return bool((ties | (told == said.indices)).all())

    def by_one(values):
        return values[:, -1] - values[:, 0] if values.shape[1] == 2 else values[:, 0]

    order = by_one(head).argsort()
    return bool((by_one(scores)[order].diff() >= 0).all())


class _UnplayableError(Exception):
    """A step that is not known here."""


class Played:
    """Plays a TorchScript graph step by step, so that it can be watched; else asks the module."""

    def __init__(self, module):
        self.module, self.plays = module, None

    def __call__(self, x):
        import torch

        if self.plays is None:
            with torch.no_grad():
                try:
                    played, asked = self._play(x.detach().clone()), self.module(x.detach().clone())
                    pairs = zip(tensors([played]), tensors([asked]))
                    self.plays = all(torch.allclose(a, b, 1e-3, 1e-3) for a, b in pairs)
                except Exception:  # noqa: BLE001 -- whatever it is, the module itself is asked
                    self.plays = False
        return self._play(x) if self.plays else self.module(x)

    def _play(self, x):
        graph = self.module.inlined_graph
        given = list(graph.inputs())
        if len(given) != 2:
            raise _UnplayableError
        values = {given[0].debugName(): self.module, given[1].debugName(): x}
        self._block(graph, values)
        return next(values[o.debugName()] for o in graph.outputs())

    def _block(self, block, values):
        for node in block.nodes():
            outs = [out.debugName() for out in node.outputs()]
            found = self._step(node, [values[i.debugName()] for i in node.inputs()], values)
            values.update(zip(outs, found if len(outs) > 1 else [found]))

    def _step(self, node, given, values):
        import torch

        kind = node.kind()
        if kind == "prim::Constant":
            return next(iter(node.outputs())).toIValue()
        if kind == "prim::GetAttr":
            return getattr(given[0], node.s("name"))
        if kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            return list(given) if kind == "prim::ListConstruct" else tuple(given)
        if kind in ("prim::ListUnpack", "prim::TupleUnpack"):
            several = node.outputsSize() > 1
            return given[0] if several else given[0][0]
        if kind == "prim::DictConstruct":
            return dict(zip(given[::2], given[1::2]))
        if kind == "prim::If":
            block = list(node.blocks())[0 if given[0] else 1]
            self._block(block, values)
            found = [values[o.debugName()] for o in block.outputs()]
            return found if len(found) > 1 else (found or [None])[0]
        if kind == "prim::Loop":
            return self._looped(node, given, values)
        if kind == "prim::dtype":
            return given[0].dtype
        if kind == "prim::NumToTensor":
            return torch.tensor(given[0])
        if kind == "prim::unchecked_cast":
            return given[0]
        if kind == "aten::append":
            given[0].append(given[1])
            return given[0]
        if not kind.startswith("aten::"):
            raise _UnplayableError
        return self._called(node, given)

    def _looped(self, node, given, values):
        """Run a block as often as it says: at most so many turns, while a condition holds."""
        (block,) = node.blocks()
        names = [i.debugName() for i in block.inputs()]
        turn, (most, going), carried = 0, given[:2], list(given[2:])
        while going and turn < most:
            values.update(zip(names, [turn] + carried))
            self._block(block, values)
            going, *carried = [values[o.debugName()] for o in block.outputs()]
            turn += 1
        return carried if len(carried) > 1 else (carried or [None])[0]

    def _called(self, node, given):
        import torch

        schema = torch._C.parse_schema(node.schema())
        packet = getattr(torch.ops.aten, node.kind().partition("::")[2])
        call = getattr(packet, schema.overload_name or "default")
        named = {a.name: v for a, v in zip(schema.arguments, given) if a.kwarg_only}
        return call(*given[: len(given) - len(named)], **named)

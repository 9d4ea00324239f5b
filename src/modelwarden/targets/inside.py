"""What runs in the confined process: opens a model with its own library and asks it.

One file, standard library only, Python 3.8 or later. Its text is sent to a worker that has given up
its rights already (`sandbox/worker.py`), so nothing here is trusted and nothing here needs to be:
it turns rows into what the model's library takes, and what that answers into plain arrays.

`operations` maps what the parent asks for – `open`, `ask`, `gradients`, `decide` – to functions of
(body, descriptors). Inputs stand in the memory of the first descriptor, answers are written to the
second; both stay until others come. Arrays are raw bytes with a type and a shape, the columns of a
table one array for all of a type, texts the distinct ones and which of them stands where; texts in
answers are JSON.
"""

import array
import importlib
import importlib.util
import itertools
import json
import mmap
import os
import sys

_STATE = {"views": None, "written": None}  # type: dict[str, object]


# --- rows in ----------------------------------------------------------------------------------


def _memory(descriptors):
    """Map the memory that the parent sent, where it sent some."""
    if descriptors:
        _STATE["views"] = _STATE["written"] = None
        sizes = [os.fstat(descriptor).st_size for descriptor in descriptors]
        _STATE["given"] = mmap.mmap(descriptors[0], sizes[0], access=mmap.ACCESS_READ)
        _STATE["taken"] = mmap.mmap(descriptors[1], sizes[1])


def _inputs(body):
    """Return ("frame", names, columns, blocks) | ("array", values) | ("texts", list).

    What the parts are is told only when it differs from the call before.
    """
    if "parts" in body:
        _STATE["parts"] = body["parts"]
        _STATE["names"] = body.get("names")
        _STATE["views"] = None
    described = _STATE["parts"]
    if _STATE["views"] is None:
        _STATE["views"] = [_view(part) for part in described]
    # Models may write to what they get.
    parts = [
        _part(part) if view is None else view.copy()
        for view, part in zip(_STATE["views"], described)
    ]
    if body["kind"] != "frame":
        return body["kind"], parts[0]
    names, blocks = _STATE["names"], [(part["at"], v) for part, v in zip(described, parts)]
    columns = list(names)
    for places, values in blocks:
        for place, column in zip(places, [values] if isinstance(values, list) else values):
            columns[place] = column
    return "frame", names, columns, blocks


def _part(part):
    if part["type"] == "text":
        return _texts(_STATE["given"], part["offset"], part["shape"][0])
    return _view(part).copy()


def _view(part):
    """Return the array where it stands in the parent's memory; None for texts."""
    if part["type"] == "text":
        return None
    return _placed("given", part["type"], part["shape"], part["offset"])


def _placed(memory, kind, shape, offset):
    """Return the array that stands in the parent's memory."""
    import numpy

    return numpy.ndarray(shape, kind, _STATE[memory], offset)


def _texts(memory, start, rows):
    """Return the texts of all rows, of which each distinct one is written once."""

    def numbers(count):
        return array.array("q", memory[start : start + 8 * count])

    distinct, size = numbers(2)
    written = numbers(2 + rows + distinct)
    start += 8 * len(written)
    whole = memory[start : start + size].decode("utf-8", "surrogatepass")
    ends = list(itertools.accumulate(written[2 + rows :]))
    known = [whole[at:end] for at, end in zip([0] + ends, ends)]
    known.append(None)  # where -1 leads
    return _Texts(known, written[2 : 2 + rows])


class _Texts(list):  # type: ignore[type-arg] # which Python 3.8 has not
    """The text of each row; `known` are the distinct ones and None, `at` which stands where."""

    def __init__(self, known, at):
        list.__init__(self, map(known.__getitem__, at))
        self.known = known
        self.at = at


def _as_frame(inputs):
    """Return a pandas frame, or a matrix where pandas is not there and all columns are numbers."""
    names, columns = inputs[1:3]
    try:
        import pandas
    except ImportError:
        return _as_matrix(
            inputs, why="a data frame needs pandas, which this interpreter does not have"
        )
    frame = _of_blocks(pandas, names, inputs[3]) if len(inputs) > 3 else None
    if frame is not None:
        return frame
    frame = pandas.DataFrame({n: _held(pandas, c) for n, c in zip(names, columns)})
    for name, column in zip(names, columns):
        if isinstance(column, list) and None in column and frame[name].dtype == object:
            # Before pandas 3, read_csv gives NaN for a missing word, and so do its users' models.
            frame[name] = frame[name].where(frame[name].notna(), float("nan"))
    return frame


def _held(pandas, column):
    """Return a column as pandas may hold it: Arrow's strings have no half of a surrogate pair."""
    if isinstance(column, list):
        try:
            return pandas.Series(column)
        except UnicodeError:
            return pandas.Series(column, dtype=object)
    return column


def _of_blocks(pandas, names, blocks):
    """Return the frame that the columns would give, made of whole blocks at once.

    None where this pandas cannot (before 3), and where a block may not be what a column becomes.
    """
    try:
        from pandas.api.internals import create_dataframe_from_blocks
    except ImportError:
        return None
    import numpy

    made = []
    for places, values in blocks:
        if isinstance(values, list):
            values = _column_of(pandas, values, places[0])
        elif values.dtype.kind not in "biuf":
            return None
        if values is None:
            return None
        made.append((values, numpy.array(places)))
    rows = pandas.RangeIndex(made[0][0].shape[-1])
    if _STATE.get("titled") is not names:
        _STATE["titled"], _STATE["titles"] = names, pandas.Index(names)
    return create_dataframe_from_blocks(made, rows, _STATE["titles"].view())


def _column_of(pandas, texts, place):
    """Return the array that a column of these texts becomes; None if no string array can be it."""
    import numpy

    words = _STATE.setdefault("words", {})
    # From tile to tile the same, where they are categories.
    if place not in words or words[place][0] != texts.known:
        try:
            words[place] = texts.known, pandas.Series(texts.known).array
        except UnicodeError:
            return None
    found = words[place][1]
    if not isinstance(found.dtype, pandas.StringDtype):
        return None
    return found.take(numpy.frombuffer(texts.at, numpy.int64))


_ENCODED = "this model takes numbers: encode it in a function of your own (adapter = 'callable')"


def _as_matrix(inputs, dtype="float64", why=_ENCODED):
    import numpy

    if inputs[0] != "frame":
        return inputs[1]
    names, columns = inputs[1:3]
    if len(inputs) > 3 and len(inputs[3]) == 1:
        values = inputs[3][0][1]
        if not isinstance(values, list) and values.dtype.kind in "biuf":
            return numpy.array(values.T, dtype, order="C")
    for name, column in zip(names, columns):
        if isinstance(column, list) or column.dtype.kind not in "biuf":
            shown = _no_number(column)
            raise TypeError("column %r holds %s, which is no number, and %s" % (name, shown, why))
    return numpy.column_stack([column.astype(dtype) for column in columns])


def _no_number(column):
    """Return the first value of a column that is none, or that there is no value at all."""
    for value in column:
        if value is None:
            continue
        try:
            float(value)
        except (TypeError, ValueError):
            return ascii(value if isinstance(value, str) else str(value))[:60]
    return "texts"


def _plain(inputs):
    """Return what a callable is given: a frame, a list of str, or an array."""
    return _as_frame(inputs) if inputs[0] == "frame" else inputs[1]


# --- answers out ------------------------------------------------------------------------------


def _arrays(answer, name=""):
    """Return [(name, columns, values)] of whatever a model answers with."""
    if isinstance(answer, dict):
        return [part for key, value in answer.items() for part in _arrays(value, str(key))]
    if isinstance(answer, tuple) and answer and all(hasattr(part, "shape") for part in answer):
        return [part for i, value in enumerate(answer) for part in _arrays(value, "output %d" % i)]
    if isinstance(answer, (list, tuple)) and answer and all(isinstance(p, dict) for p in answer):
        keys = list(dict.fromkeys(key for part in answer for key in part))
        rows = [[part.get(key, 0.0) for key in keys] for part in answer]
        return [(name, [str(key) for key in keys], _array(rows))]
    columns = getattr(answer, "columns", None)
    titles = (
        [str(column) for column in columns]
        if hasattr(answer, "iloc") and columns is not None
        else []
    )
    return [(name, titles, _array(answer))]


def _array(answer):
    import numpy

    if type(answer) is numpy.ndarray:
        pass
    elif answer is None:
        raise TypeError("it answered None: does the function end without a return?")
    elif hasattr(answer, "detach"):  # a torch tensor
        answer = answer.detach().cpu()
        if "bfloat16" in str(answer.dtype):
            answer = answer.float()
        answer = answer.numpy()
    elif hasattr(answer, "toarray"):  # a sparse matrix
        answer = answer.toarray()
    elif hasattr(answer, "to_numpy"):  # pandas, polars
        answer = answer.to_numpy()
    elif hasattr(answer, "numpy") and callable(answer.numpy):  # a tensor of TensorFlow
        answer = answer.numpy()
    values = numpy.asarray(answer)
    if values.dtype.kind in "biuf":
        return values
    if values.dtype.kind in "USO":
        flat = values.reshape(-1).tolist()
        if flat and all(
            isinstance(v, bool) or (hasattr(v, "dtype") and v.dtype.kind == "b") for v in flat
        ):
            return values.astype(bool)
        if flat and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in flat):
            return values.astype("float64" if any(isinstance(v, float) for v in flat) else "int64")
        return values
    raise TypeError("the model answered values of type %s" % values.dtype)


_TYPES = {"b": "bool", "i": "int64", "u": "int64", "f": "float64"}


def _write(arrays, body):
    """Write arrays to the parent's memory; return where each stands.

    An answer of the form of the one before is written where that one stood, and told as it was.
    """
    form = [(name, columns, values.dtype, values.shape) for name, columns, values in arrays]
    known = _STATE["written"]
    if known is not None and known[0] == form:
        for place, (_, _, values) in zip(known[1], arrays):
            place[...] = values
        return known[2]
    parts, offset, places = [], 0, []
    for place, (name, columns, values) in enumerate(arrays):
        if values.dtype.kind in "biuf":
            kind = "float32" if values.dtype.str[1:] == "f4" else _TYPES[values.dtype.kind]
            data = values.astype(kind, copy=False).tobytes()
        else:
            kind = "text"
            flat = [
                None if v is None else v.decode() if isinstance(v, bytes) else str(v)
                for v in values.reshape(-1).tolist()
            ]
            data = json.dumps(flat).encode()
        if offset + len(data) > body["room"]:
            rest = sum(a[2].nbytes + 64 * a[2].size for a in arrays[place + 1 :])
            return {"needs": offset + len(data) + rest + 4096}
        _STATE["taken"][offset : offset + len(data)] = data
        parts.append(
            {
                "name": name[:200],
                "columns": [c[:200] for c in columns[:10000]],
                "type": kind,
                "shape": list(values.shape),
                "offset": offset,
                "size": len(data),
            }
        )
        places.append(None if kind == "text" else _placed("taken", kind, values.shape, offset))
        offset += len(data)
    said = {"parts": parts}
    texts = any(place is None for place in places)
    _STATE["written"] = None if texts else (form, places, said)
    return said


# --- adapters ---------------------------------------------------------------------------------


class Opened:
    """A model: `ask(inputs)` gives whatever it answers, `classes` its own names of the classes."""

    classes = None
    gives_gradients = False
    gives_margins = False

    def __init__(self, ask, classes=None, margins=False):
        self.ask = ask
        self.classes = classes
        self.gives_margins = margins

    def gradients(self, inputs, weights):
        raise TypeError("this model has no gradients here")


class _Beside:
    """Finds the user's modules that lie beside others which the worker may not even list."""

    def __init__(self, modules):
        self.modules = modules

    def find_spec(self, name, path=None, target=None):
        place = self.modules.get(name) if path is None else None
        return None if place is None else importlib.util.spec_from_file_location(name, place)


def _module(folder, file):
    """Run a Python file of the user's, as a module that can import its neighbours."""
    place = os.path.join(folder, file)
    for path in (folder, os.path.dirname(place)):
        if path not in sys.path:
            sys.path.insert(0, path)
    spec = importlib.util.spec_from_file_location("modelwarden_subject", place)
    if spec is None or spec.loader is None:
        raise ImportError("%s is no Python file" % file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _named(folder, entry):
    file, _, name = entry.rpartition(":")
    found = getattr(_module(folder, file), name, None)
    if not callable(found):
        raise AttributeError("%s has no callable %r" % (file, name))
    return found


def _open_callable(body):
    function = _named(body["folder"], body["entry"])
    return Opened(lambda inputs: function(_plain(inputs)), getattr(function, "classes", None))


def _load_sklearn(path):
    with open(path, "rb") as stream:
        head = stream.read(4)
    if head == b"PK\x03\x04" and path.endswith(".skops"):
        import skops.io

        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    try:
        import joblib

        return joblib.load(path)
    except ImportError:
        import pickle

        with open(path, "rb") as stream:
            return pickle.load(stream)


def _open_sklearn(body):
    return _estimator(
        _load_sklearn(_single(body["path"], (".joblib", ".pkl", ".pickle", ".skops"))), body
    )


def _estimator(model, body):
    if isinstance(model, dict) and len(model) == 1:
        model = next(iter(model.values()))
    if not hasattr(model, "predict"):
        step = ": it is a step before a model" if hasattr(model, "transform") else ""
        raise TypeError(
            "the file holds a %s, which has no predict%s. Name the model's own file, or a "
            "function that takes what is in it (adapter = 'callable')"
            % (type(model).__name__, step)
        )
    names = getattr(model, "feature_names_in_", None)

    def given(inputs):
        if inputs[0] != "frame":
            return inputs[1]
        if names is not None or any(isinstance(c, list) for c in inputs[2]):
            frame = _as_frame(inputs)
            if names is not None and hasattr(frame, "columns"):
                missing = [n for n in names if n not in frame.columns]
                if missing:
                    raise KeyError(
                        "the model was fitted with column %r, which the data lack" % missing[0]
                    )
                if list(names) != inputs[1]:
                    frame = frame[list(names)]
            return frame
        return _as_matrix(inputs)

    classes = getattr(model, "classes_", None)
    method = model.predict
    for name in ("predict_proba", "decision_function"):
        if body["task"] != "regression" and body["scores"]:
            try:
                method = getattr(model, name)
                break
            except AttributeError:
                continue
    margins = getattr(method, "__name__", "") == "decision_function"
    return Opened(lambda inputs: method(given(inputs)), classes, margins)


def _single(path, endings):
    """Return the one file with such an ending below a folder, or the file itself."""
    if not os.path.isdir(path):
        return path
    found = []
    for place, _, files in os.walk(path):
        found += [os.path.join(place, f) for f in files if f.lower().endswith(endings)]
    if len(found) != 1:
        raise ValueError(
            "%d files end in %s; name one in [model] path" % (len(found), " or ".join(endings))
        )
    return found[0]


def _open_onnx(body):
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import numpy
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        _single(body["path"], (".onnx",)), options, providers=["CPUExecutionProvider"]
    )
    takes = session.get_inputs()
    types = {
        "tensor(float)": "float32",
        "tensor(double)": "float64",
        "tensor(float16)": "float16",
        "tensor(int64)": "int64",
        "tensor(int32)": "int32",
        "tensor(int8)": "int8",
        "tensor(uint8)": "uint8",
        "tensor(bool)": "bool",
        "tensor(string)": "object",
    }

    def cast(values, wanted):
        kind = types.get(wanted.type)
        if kind is None:
            raise TypeError("input %r has type %s" % (wanted.name, wanted.type))
        if kind == "object":
            return numpy.array(values, object)
        return numpy.asarray(values).astype(kind)

    def feed(inputs):
        if inputs[0] == "frame" and len(takes) > 1:
            known = dict(zip(inputs[1], inputs[2]))
            missing = [t.name for t in takes if t.name not in known]
            if missing:
                raise KeyError("the model takes an input %r, which no column is" % missing[0])
            return {t.name: cast(known[t.name], t).reshape(-1, 1) for t in takes}
        if len(takes) != 1:
            raise TypeError("the model takes %d inputs, and the data are one array" % len(takes))
        values = _as_matrix(inputs) if inputs[0] == "frame" else inputs[1]
        values = cast(values, takes[0])
        if values.dtype == object and len(takes[0].shape) == 2:
            values = values.reshape(-1, 1)
        return {takes[0].name: _laid_out(values, takes[0].shape)}

    names = [o.name for o in session.get_outputs()]
    fixed = takes[0].shape[0] if takes and takes[0].shape else None

    def ask(inputs):
        fed = feed(inputs)
        rows = len(next(iter(fed.values())))
        if isinstance(fixed, int) and fixed > 0 and fixed != rows:
            parts = []
            for start in range(0, rows, fixed):
                some = {k: _padded(v[start : start + fixed], fixed) for k, v in fed.items()}
                parts.append([_cut(o, rows - start) for o in session.run(None, some)])
            return dict(zip(names, (_joined(p) for p in zip(*parts))))
        return dict(zip(names, session.run(None, fed)))

    return Opened(ask)


def _padded(values, rows):
    import numpy

    if len(values) == rows:
        return values
    return numpy.concatenate([values, numpy.repeat(values[:1], rows - len(values), axis=0)])


def _cut(answer, rows):
    return answer[:rows]


def _joined(parts):
    import numpy

    if isinstance(parts[0], list):
        return [row for part in parts for row in part]
    return numpy.concatenate(parts)


def _laid_out(values, shape):
    """Bring images to the layout (NCHW, NHWC, flat) that a model's input shape shows."""
    import numpy

    sizes = [s if isinstance(s, int) else None for s in shape[1:]]
    if values.ndim == 4:
        n, c, h, w = values.shape
        forms = (
            values,
            values.transpose(0, 2, 3, 1),
            values.reshape(n, c * h, w),
            values.reshape(n, -1),
        )
        for form in forms:
            fits = len(form.shape) - 1 == len(sizes) and all(
                want is None or want == have for want, have in zip(sizes, form.shape[1:])
            )
            if fits:
                return numpy.ascontiguousarray(form)
    elif values.ndim == 2 and len(sizes) > 1 and None not in sizes:
        return values.reshape([len(values)] + sizes)
    return values


def _open_torch(body):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    weights = body["weights"]
    if body["entry"]:
        model = _named(body["folder"], body["entry"])()
        state = (
            _state(os.path.join(body["root"], weights)) if weights else _plain_state(body["path"])
        )
        if state is not None:
            model.load_state_dict(state)
    else:
        path = _single(body["path"], (".pt", ".pth", ".ts", ".jit"))
        try:
            model = torch.jit.load(path, map_location="cpu")
        except RuntimeError:
            model = torch.load(path, map_location="cpu", weights_only=False)
    if not callable(model) or isinstance(model, dict):
        raise TypeError(
            "the file holds a %s and no module; name the function that builds it: entry = "
            "'net.py:build'" % type(model).__name__
        )
    model.eval()
    device = _device(body.get("device"))
    return _Torch(model.to(device) if hasattr(model, "to") else model, device)


def _plain_state(path):
    """Return the weights that [model] path itself names; None where only `entry` can know them.

    A module that is built and not filled answers by chance: of the one file of weights that is
    there, they are meant. A checkpoint that holds more, a whole module, and what is no file of
    torch are for the function to open. A file that is broken is an error: nothing else fills it.
    """
    import pickle

    import torch

    try:
        file = _single(path, (".pt", ".pth", ".bin", ".safetensors"))
    except ValueError:
        return None
    try:
        state = _state(file)
    except pickle.UnpicklingError:
        return None
    except RuntimeError as error:
        if "TorchScript" in str(error):
            return None
        raise
    plain = isinstance(state, dict) and state
    return state if plain and all(isinstance(v, torch.Tensor) for v in state.values()) else None


def _device(name):
    """Return the device that was asked for, with sums that are the same each time."""
    import torch

    if name is None:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise RuntimeError("torch %s sees no graphics card here" % torch.__version__)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    return torch.device(name)


def _state(path):
    import torch

    with open(path, "rb") as stream:
        head = stream.read(8)
    if head[:2] != b"PK" and path.endswith(".safetensors"):
        return _safetensors(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _safetensors(path):
    """Read tensors as the specification says; no library is needed for it."""
    import torch

    types = {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "I64": torch.int64,
        "I32": torch.int32,
        "I16": torch.int16,
        "I8": torch.int8,
        "U8": torch.uint8,
        "BOOL": torch.bool,
    }
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        head = json.loads(stream.read(length).decode())
        data = bytearray(stream.read())
    state = {}
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        kind = types[entry["dtype"]]
        part = (
            torch.frombuffer(data[first:last], dtype=kind)
            if last > first
            else torch.empty(0, dtype=kind)
        )
        state[name] = part.reshape(entry["shape"])
    return state


class _Torch(Opened):
    """A module; its answers are what it returns, its gradients are autograd's."""

    gives_gradients = True

    def __init__(self, model, device="cpu"):
        import torch

        self.device = device
        first = next(iter(getattr(model, "parameters", list)()), None)
        self.model = model
        self.kind = (
            first.dtype if first is not None and first.dtype.is_floating_point else torch.float32
        )
        self.classes = getattr(model, "classes", None)
        self.tries = 3  # to look deeper where gradients are zero
        self.barred = set()  # heads that ran against the scores once
        self.watched = importlib.import_module("modelwarden_watched")  # our parent sent it as well
        scripted = isinstance(model, torch.jit.ScriptModule)
        self.played = self.watched.Played(model) if scripted else model

    def _tensor(self, inputs):
        import torch

        values = _as_matrix(inputs, "float32") if inputs[0] == "frame" else inputs[1]
        if isinstance(values, list):
            return values
        return torch.from_numpy(values).to(self.device, self.kind)

    def ask(self, inputs):
        import torch

        with torch.no_grad():
            return self.model(self._tensor(inputs))

    def gradients(self, inputs, weights, at=0):
        """Return the answer, what its scores rest on, and the gradient of their weighted sum.

        `weights` go with the scores, the array `at` of the answer: a column for each of its own.
        """
        import torch

        x = self._tensor(inputs)
        w = torch.from_numpy(weights).to(self.device)
        answer, logits, slope, stepped = self._sloped(x, w, at, deep=False)
        flat = ~slope.reshape(len(slope), -1).any(dim=1) & w.any(dim=1)
        if self.tries > 0 and flat.sum() > 0.1 * w.any(dim=1).sum():
            # Some rows of an honest model may have none; of a model that hides them, many have.
            deeper = self._sloped(x, w, at, deep=True)[2]
            found = flat & deeper.reshape(len(slope), -1).any(dim=1)
            self.tries = 3 if found.any() else self.tries - 1
            slope[found] = deeper[found]
            stepped = stepped or bool(found.any())
        return {
            "answer": answer,
            "logits": logits,
            "gradients": slope,
            "stepped": torch.tensor([stepped]),
        }

    def _sloped(self, x, w, at, deep):
        import torch

        leaf = x.clone().requires_grad_(True)
        with torch.enable_grad(), self.watched.watching(w.shape, deep) as seen:
            try:
                answer = self.played(leaf.clone())  # a module may write to what it is given
            except RuntimeError:  # it answers, and nothing can be followed through it
                with torch.no_grad():
                    answer = self.model(x.clone())
            scores = _output(answer, at)
            if scores.shape[:1] != w.shape[:1] or scores.numel() != w.numel():
                raise ValueError("weights %s for scores %s" % (tuple(w.shape), tuple(scores.shape)))
            if deep:
                scores = seen.rejoin(scores)
            logits = self._behind(seen.heads, scores.reshape(w.shape))
            if logits.requires_grad:
                (logits * w.to(logits.device, logits.dtype)).sum().backward()
        slope = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        return answer, logits, torch.nan_to_num(slope, 0.0, 0.0, 0.0), seen.stepped

    def _behind(self, heads, scores):
        """Return what scores rest on: the last head that never ran against them, or themselves."""
        import torch

        rows, count = scores.shape
        found = scores
        order = sorted(range(len(heads)), key=lambda i: (heads[i][0], i), reverse=True)
        for i in order:
            head = heads[i][1].reshape(rows, -1)
            fits = head.shape[1] in (count, 1) and count <= max(2, head.shape[1])
            if not fits or i in self.barred:
                continue
            if not self.watched.ordered(head.detach(), scores.detach()):
                self.barred.add(i)
            elif found is scores:
                single = head.shape[1] < count  # one number stands behind scores of two classes
                found = torch.cat((-head, head), dim=1) if single else head
        return found


def _output(answer, at):
    """Return the array of this number among those of an answer, as `_arrays` counts them."""
    if isinstance(answer, dict):
        return list(answer.values())[at]
    if isinstance(answer, (list, tuple)):
        return answer[at]
    return answer


def _open_xgboost(body):
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(_single(body["path"], (".json", ".ubj", ".xgb", ".model", ".bst")))
    names = booster.feature_names
    if names and len(names) != booster.num_features():
        raise ValueError(
            "the model has %d features and names %d" % (booster.num_features(), len(names))
        )
    config = json.loads(booster.save_config())
    objective = config["learner"]["objective"]["name"]

    def ask(inputs):
        if inputs[0] == "frame" and names:
            known = dict(zip(inputs[1], inputs[2]))
            missing = [n for n in names if n not in known]
            if missing:
                raise KeyError(
                    "the model was trained with column %r, which the data lack" % missing[0]
                )
            if names != inputs[1]:
                inputs = ("frame", list(names), [known[n] for n in names])
        data = _as_frame(inputs) if inputs[0] == "frame" else inputs[1]
        if hasattr(data, "select_dtypes"):
            words = list(data.select_dtypes(exclude=["number", "bool"]).columns)
            if words and not hasattr(booster, "get_categories"):
                raise TypeError(
                    "column %r holds words, and a model of xgboost before 3.1 does not keep which "
                    "number each of them had: give it through a callable" % words[0]
                )
            for column in words:
                data[column] = data[column].astype("category")
        matrix = xgboost.DMatrix(data, enable_categorical=True, feature_names=names)
        return booster.predict(matrix, output_margin=objective == "binary:hinge")

    return Opened(ask)


def _open_lightgbm(body):
    import lightgbm

    path = _single(body["path"], (".txt", ".model", ".lgb"))
    booster = lightgbm.Booster(model_file=path)
    names = booster.feature_name()

    def ask(inputs):
        if inputs[0] == "frame":
            known = dict(zip(inputs[1], inputs[2]))
            spelled = {n.replace(" ", "_"): n for n in known}
            if all(n in spelled for n in names):
                chosen = [spelled[n] for n in names]
                if chosen != inputs[1]:
                    inputs = ("frame", chosen, [known[n] for n in chosen])
            data = _as_frame(inputs)
            if hasattr(data, "select_dtypes"):
                for column in data.select_dtypes(exclude=["number", "bool"]).columns:
                    data[column] = data[column].astype("category")
            else:
                data = _as_matrix(inputs)
        else:
            data = inputs[1]
        return booster.predict(data, num_threads=1)

    return Opened(ask)


def _open_catboost(body):
    import catboost

    path = _single(body["path"], (".cbm", ".json", ".bin"))
    kind = (
        catboost.CatBoostRegressor if body["task"] == "regression" else catboost.CatBoostClassifier
    )
    model = kind()
    model.load_model(path, format="json" if path.endswith(".json") else "cbm")
    names = model.feature_names_

    def given(inputs):
        if inputs[0] != "frame":
            return inputs[1]
        frame = _as_frame(inputs)
        if names != inputs[1] and all(n in inputs[1] for n in names):
            frame = frame[list(names)]
        return frame

    if body["task"] == "regression":
        return Opened(lambda inputs: model.predict(given(inputs), thread_count=1))
    classes = list(model.classes_) or None
    return Opened(lambda inputs: model.predict_proba(given(inputs), thread_count=1), classes)


def _open_keras(body):
    if "KERAS_BACKEND" not in os.environ:
        for name, backend in (("tensorflow", "tensorflow"), ("torch", "torch"), ("jax", "jax")):
            if importlib.util.find_spec(name) is not None:
                os.environ["KERAS_BACKEND"] = backend
                break
    import keras

    keras.utils.set_random_seed(0)
    path = _single(body["path"], (".keras", ".h5", ".hdf5"))
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    shape = model.input_shape
    shape = shape[0] if isinstance(shape, list) else shape

    def ask(inputs):
        values = _as_matrix(inputs, "float32") if inputs[0] == "frame" else inputs[1]
        if isinstance(values, list):
            import numpy

            values = numpy.array(values, object)
        else:
            values = _laid_out(values, shape)
        return model.predict_on_batch(values)

    return Opened(ask)


def _open_mlflow(body):
    path = body["path"]
    if importlib.util.find_spec("mlflow") is not None:
        import mlflow.pyfunc

        model = mlflow.pyfunc.load_model(path)
        try:
            inner = model.get_raw_model()
        except Exception:  # noqa: BLE001 -- an old mlflow, or a model with nothing beneath
            inner = None
        if inner is not None and body["scores"] and hasattr(inner, "predict_proba"):
            return _estimator(inner, body)
        return Opened(lambda inputs: model.predict(_plain(inputs)))
    return _flavour(path, body["flavours"], body)


def _flavour(path, flavours, body):
    """Open a model folder without mlflow, by the first flavour that this interpreter can open."""
    if "sklearn" in flavours:
        file = flavours["sklearn"].get("pickled_model", "model.pkl")
        return _estimator(_load_sklearn(os.path.join(path, file)), body)
    for name, opener in (
        ("xgboost", _open_xgboost),
        ("lightgbm", _open_lightgbm),
        ("catboost", _open_catboost),
    ):
        if name in flavours:
            file = flavours[name].get("data", "model." + name[:2])
            return opener(dict(body, path=os.path.join(path, file)))
    if "onnx" in flavours:
        return _open_onnx(
            dict(body, path=os.path.join(path, flavours["onnx"].get("data", "model.onnx")))
        )
    general = flavours.get("python_function", {})
    loader = general.get("loader_module", "")
    if loader and not loader.startswith("mlflow."):
        code = general.get("code")
        if code:
            sys.path.insert(0, os.path.join(path, code))
        module = importlib.import_module(loader)
        data = general.get("data")
        model = module._load_pyfunc(os.path.join(path, data) if data else path)
        return Opened(lambda inputs: model.predict(_plain(inputs)))
    raise ImportError("mlflow is not installed, and this folder's flavours need it")


_ADAPTERS = {
    "callable": _open_callable,
    "sklearn": _open_sklearn,
    "onnx": _open_onnx,
    "torch": _open_torch,
    "xgboost": _open_xgboost,
    "lightgbm": _open_lightgbm,
    "catboost": _open_catboost,
    "keras": _open_keras,
    "mlflow": _open_mlflow,
}
_LIBRARIES = (
    "numpy pandas scipy sklearn joblib skops torch onnxruntime xgboost lightgbm catboost keras "
    "mlflow"
).split()


# --- operations -------------------------------------------------------------------------------


def _open(body, _descriptors):
    sys.meta_path.insert(0, _Beside(body["modules"]))
    model = _ADAPTERS[body["adapter"]](body)
    _STATE["model"] = model
    classes = None
    if model.classes is not None:
        listed = model.classes.tolist() if hasattr(model.classes, "tolist") else list(model.classes)
        classes = [c if isinstance(c, (str, int, float, bool)) else str(c) for c in listed][:20000]
    return {
        "classes": classes,
        "gradients": model.gives_gradients,
        "margins": model.gives_margins,
        "versions": _versions(),
    }


def _versions():
    found = {"python": sys.version.split()[0]}
    for name in _LIBRARIES:
        module = sys.modules.get(name)
        version = getattr(module, "__version__", None)
        if isinstance(version, str):
            found[name] = version[:60]
    device = str(getattr(_STATE["model"], "device", ""))
    if device.startswith("cuda"):
        found["device"] = sys.modules["torch"].cuda.get_device_name(device)[:60]
    return found


def _ask(body, descriptors):
    _memory(descriptors)
    return _write(_arrays(_STATE["model"].ask(_inputs(body))), body)


def _gradients(body, descriptors):
    _memory(descriptors)
    found = _STATE["model"].gradients(_inputs(body), _part(body["weights"]), body["at"])
    told = ("logits", "gradients", "stepped")
    arrays = [part for name in told for part in _arrays(found[name], name)]
    return _write(arrays + _arrays(found["answer"]), body)


def _decide(body, descriptors):
    """Have the user's own rule turn scores into decisions."""
    _memory(descriptors)
    if "rule" not in _STATE:
        _STATE["rule"] = _named(body["folder"], body["entry"])
    return _write(_arrays(_STATE["rule"](_inputs(body)[1])), body)


operations = {"open": _open, "ask": _ask, "gradients": _gradients, "decide": _decide}

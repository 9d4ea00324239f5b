"""What honest pickles use of NumPy: arrays, types, scalars and random generators.

Module paths are those before NumPy 2 (`numpy.core`); `names.spellings` maps the newer ones.
"""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

_SCALARS = (
    "bool bool_ bool8 int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 "
    "float128 float96 longdouble longfloat complex64 complex128 complex256 clongdouble int_ uint "
    "intc uintc intp uintp byte ubyte short ushort long ulong longlong ulonglong single double "
    "half csingle cdouble str_ bytes_ string_ unicode_ object_ void datetime64 timedelta64 "
    "generic number integer signedinteger unsignedinteger inexact floating complexfloating "
    "flexible character float_ complex_ record float int complex object str bytes"
)

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "numpy.core.multiarray numpy.core._multiarray_umath numpy",
        "_reconstruct scalar",
        "makes an array or a scalar; the data follow as bytes",
    ),
    Allow(
        "numpy numpy.core.multiarray numpy.core._multiarray_umath numpy.core.numerictypes",
        f"dtype ndarray {_SCALARS}",
        "the array and its element types",
    ),
    Allow(
        "numpy numpy.dtypes",
        "*DType",
        "an element type",
    ),
    Allow(
        "numpy.core.numeric numpy.core.multiarray",
        "_frombuffer frombuffer",
        "an array over bytes that stand in the pickle",
    ),
    Allow(
        "numpy numpy.core.numeric numpy.core.multiarray numpy.core.fromnumeric",
        "array asarray zeros ones empty full arange",
        "makes an array from values in the pickle",
    ),
    Allow(
        "numpy.ma.core numpy.ma",
        "_mareconstruct MaskedArray MaskedConstant mvoid",
        "a masked array; the data follow as bytes",
    ),
    Allow(
        "numpy.core.records numpy.rec numpy",
        "record recarray",
        "an array with named fields",
    ),
    Allow(
        "numpy numpy.matrixlib numpy.matrixlib.defmatrix numpy.core.defchararray numpy.char "
        "numpy.core.memmap",
        "matrix chararray",
        "a kind of array",
        STORED,
    ),
    Allow(
        "numpy.random._pickle numpy.random",
        "__generator_ctor __bit_generator_ctor __randomstate_ctor __RandomState_ctor",
        "a random generator by the name or class among its arguments, which is judged on its own",
    ),
    Allow(
        "numpy.random.mtrand numpy.random._generator numpy.random",
        "RandomState Generator _rand",
        "a random generator with its state",
    ),
    Allow(
        "numpy.random._mt19937 numpy.random._pcg64 numpy.random._philox numpy.random._sfc64",
        "MT19937 PCG64 PCG64DXSM Philox SFC64",
        "a source of random bits",
    ),
    Allow(
        "numpy.random.bit_generator numpy.random",
        "__pyx_unpickle_SeedSequence SeedSequence",
        "the seed of a random generator",
    ),
    Allow(
        "numpy.polynomial.* numpy.lib.polynomial numpy.lib._polynomial_impl numpy numpy.polynomial",
        "Polynomial Chebyshev Legendre Hermite HermiteE Laguerre poly1d",
        "coefficients of a polynomial",
        STORED,
    ),
    Allow(
        "numpy",
        "nan inf pi e newaxis _NoValue _NoValueType",
        "a constant",
        STORED,
    ),
    Allow("numpy._globals numpy", "_NoValue _NoValueType", "a marker for a missing argument"),
    Allow(
        "numpy.core._ufunc_config numpy", "errstate", "settings of floating-point errors", STORED
    ),
)

"""What honest pickles use of PyTorch: tensors, their storages, types and devices."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "torch._utils torch._C._distributed",
        "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter "
        "_rebuild_parameter_with_state _rebuild_sparse_tensor _rebuild_sparse_csr_tensor "
        "_rebuild_nested_tensor _rebuild_qtensor _rebuild_meta_tensor_no_storage "
        "_rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor "
        "_rebuild_xla_tensor _rebuild_wrapper_subclass",
        "makes a tensor over storages whose bytes are numbers",
    ),
    Allow(
        "torch torch.storage torch.cuda torch.sparse torch.cuda.sparse",
        "*Storage",
        "names the element type of stored numbers",
        STORED,
    ),
    Allow(
        "torch torch.cuda torch.sparse torch.cuda.sparse",
        "*Tensor",
        "names the element type of a tensor",
        STORED,
    ),
    Allow("torch._tensor torch.nn.parameter", "Tensor Parameter Buffer", "a tensor", STORED),
    Allow(
        "torch",
        "float float16 float32 float64 bfloat16 half double int int8 int16 int32 int64 short long "
        "uint8 uint16 uint32 uint64 bool complex32 complex64 complex128 cfloat cdouble quint8 "
        "qint8 qint32 quint4x2 quint2x4 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz "
        "strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc contiguous_format "
        "preserve_format channels_last channels_last_3d per_tensor_affine per_channel_affine "
        "per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams",
        "a constant: element type, layout or scheme",
        STORED,
    ),
    Allow("torch", "Size device", "a shape or the name of a device"),
    Allow("torch._C", "Generator", "a random generator on a device"),
    Allow("torch.serialization", "_get_layout", "a constant by its name, from a fixed table"),
    Allow(
        "torch.storage",
        "_load_from_bytes",
        "reads a tensor file from bytes in the pickle, which are examined as a file of their own",
    ),
    Allow(
        "torch.jit._pickle",
        "build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id "
        "restore_type_tag",
        "makes a list of a fixed element type",
    ),
    Allow(
        "torch.nn.functional torch._C._nn torch torch.nn.init",
        "relu relu6 gelu elu selu celu leaky_relu silu mish softplus softmax log_softmax tanh "
        "sigmoid hardtanh hardswish hardsigmoid cross_entropy mse_loss l1_loss dropout normalize "
        "interpolate",
        "a function on tensors that is stored, not called while loading",
        STORED,
    ),
)

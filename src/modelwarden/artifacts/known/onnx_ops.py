"""Operators of ONNX and of the runtimes around it: which of them run code from elsewhere.

Source: the operator schemas of onnx 1.23.2 with all their history, `ContribOperators.md` of ONNX
Runtime, and the operators that early ONNX took in for trial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwarden.core import Json
    from modelwarden.formats.onnx.walk import Operator

_ONNX = """
Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
BatchNormalization Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor
BlackmanWindow Cast CastLike CausalConvWithState Ceil Celu CenterCropPad Clip Col2Im Compress Concat
ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumProd CumSum
DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal
Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow
HannWindow HardSigmoid HardSwish Hardmax Identity If ImageDecoder InstanceNormalization IsInf IsNaN
LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual LinearAttention Log LogSoftmax Loop
LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean
MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss
NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow
QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike
RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape
Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND
Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength
SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax SoftmaxCrossEntropyLoss Softplus
Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat StringNormalizer StringSplit
Sub Sum SwiGLU Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK Transpose
Trilu Unique Unsqueeze Upsample Where Xor
Affine ConstantFill Crop DynamicSlice GRUUnit GivenTensorFill ImageScaler ParametricSoftplus Scale
ScaledTanh SimplifiedLayerNormalization
"""
_ML = """
ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer
LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor
Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
"""
_TRAINING = "Adagrad Adam Gradient GraphCall Momentum"

_OWN = {
    "": frozenset(_ONNX.split()),
    "ai.onnx.ml": frozenset(_ML.split()),
    "ai.onnx.training": frozenset(_TRAINING.split()),
    "ai.onnx.preview.training": frozenset(_TRAINING.split()),
    "ai.onnx.preview": frozenset({"FlexAttention"}),
}
_OWN["ai.onnx"] = _OWN[""]
# Built into ONNX Runtime, all native code of its own; the list grows with each release.
_RUNTIME = ("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.dml")
_PYTHON = {"PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp", "PyFunc"}
_OPAQUE = {"EPContext", "ExternalOp", "TRTEngineOp", "TritonOp", "ATen", "ATenOp"}


def runs_python(domain: str, name: str) -> bool:
    """Tell whether an operator calls Python, or comes from where anyone registers Python for it."""
    if domain.lower().startswith("ai.onnx.contrib") or domain.startswith("org.pytorch.aten"):
        return True
    return name in _PYTHON or name.startswith("PythonOp") or name in ("ATen", "ATenOp")


def is_known(domain: str, name: str) -> bool:
    """Tell whether ONNX or ONNX Runtime has the operator, and it only computes."""
    if name in _OPAQUE:
        return False
    own = _OWN.get(domain)
    return name in own if own is not None else domain in _RUNTIME


def listed(operator: Operator) -> tuple[str, dict[str, Json]]:
    """Return an operator as `domain::name`, and the facts about its first use."""
    named = f"{operator.domain or 'ai.onnx'}::{operator.name}"
    return named, {
        "operator": named[:200],
        "node": operator.node[:200],
        "where": operator.where[:200],
        "count": operator.count,
    }

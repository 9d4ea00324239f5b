"""Operations of `keras.ops` that only compute: layers of a model, named without a module.

Source: the subclasses of `Operation` in `keras/src/ops` of Keras 3.15, without those that take a
function (`Map`, `Scan`, `WhileLoop` …).
"""

from __future__ import annotations

KERAS_OPERATIONS = frozenset(
    (
        "Abs Absolute AdaptiveAveragePool AdaptiveMaxPool AffineTransform All AllClose Amax "
        "Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh "
        "Argmax Argmin Argpartition Argsort ArraySplit AveragePool BatchNorm Bincount "
        "BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift "
        "BitwiseXor BroadcastTo CDist CTCDecode CTCLoss Cast Cbrt Ceil Celu Cholesky "
        "CholeskyInverse Clip Cond Conj Conjugate Conv ConvTranspose ConvertToTensor Copy "
        "Corrcoef Correlate Cos Cosh CountNonzero CropImages Cumprod Cumsum Deg2rad "
        "DepthToSpace DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan "
        "DotProductAttention Dsplit Dstack Eig Eigh Einsum ElasticTransform Elu EmptyLike Equal "
        "Erf Erfc Erfinv Exp Exp2 ExpandDims Expm1 ExtractPatches ExtractSequences FFT FFT2 "
        "Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Fold Full FullLike "
        "GaussianBlur Gcd Gelu Geomspace GetItem Glu Greater GreaterEqual HSVToRGB HardShrink "
        "HardSigmoid HardSilu HardTanh Heaviside Histogram Hsplit Hstack Hypot I0 IFFT2 IRFFT "
        "ISTFT Imag InTopK Inner Inv IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal "
        "Kron LayerNorm Lcm Ldexp LeakyRelu LeftShift Less LessEqual Linspace Log Log10 Log1p "
        "Log2 LogSigmoid LogSoftmax Logaddexp Logaddexp2 Logdet LogicalAnd LogicalNot LogicalOr "
        "LogicalXor Logspace Logsumexp Lstsq LuFactor MapCoordinates Matmul MatrixRank Max "
        "MaxPool Median Meshgrid Min Mod Moments Moveaxis MultiHot NanToNum Nanargmax Nanargmin "
        "Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile Nanprod Nanquantile "
        "Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm Normalize NotEqual OneHot "
        "OnesLike Outer PSNR Pad PadImages Percentile PerspectiveTransform Pinv Polar Power "
        "Prod Ptp Qr Quantile RFFT RGBToGrayscale RGBToHSV RMSNorm Rad2deg Ravel Real Rearrange "
        "Reciprocal Relu Relu6 Repeat Resize RightShift Roll Rot90 Round Rsqrt SSIM SVD "
        "SaturateCast ScaleAndTranslate Scatter ScatterUpdate SearchSorted SegmentMax "
        "SegmentMin SegmentProd SegmentReduction SegmentSum Select Selu SeparableConv Sigmoid "
        "Sign Signbit Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges SoftShrink "
        "Softplus Softsign Solve SolveTriangular Sort SpaceToDepth SparsePlus SparseSigmoid "
        "Sparsemax Split Sqrt Square Squareplus Squeeze Stack Std StopGradient Swapaxes Take "
        "TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold Tile TopK Trace Transpose "
        "Trapezoid Tril Triu TrueDivide Trunc Unfold Unique UnravelIndex Unstack Vander Var "
        "Vdot View ViewAsComplex ViewAsReal Vsplit Vstack Where ZerosLike"
    ).split()
)

"""Layers of Caffe, and of its forks for detection and segmentation.

Source: what `src/caffe/layers` of Caffe 1.0 registers, and of SSD, R-FCN, SegNet and NVCaffe.
"""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

PYTHON = words("Python")
FILES = words("HDF5Output")
KNOWN = words(
    """
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution
    Crop Data Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten
    HDF5Data HingeLoss Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN
    MemoryData MultinomialLogisticLoss PReLU Parameter Pooling Power RNN ReLU Reduction Reshape SPP
    Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss Split Swish TanH
    Threshold Tile WindowData AnnotatedData Axpy BN BatchNormalization ConvolutionDepthwise
    DepthwiseConvolution DenseImageData DetectionEvaluate DetectionOutput Flip FocalLoss Interp
    L2Normalization MultiBoxLoss Normalize Permute PriorBox Proposal PSROIPooling ROIAlign
    ROIPooling Reorg Resize ReLU6 ShuffleChannel SmoothL1Loss SmoothL1LossOHEM SoftmaxWithLossOHEM
    Unpooling Upsample VideoData Warp
    """
)

"""TensorFlow's protobuf files: SavedModel, MetaGraph, GraphDef, and Keras metadata beside them."""

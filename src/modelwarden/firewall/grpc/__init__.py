"""The gRPC form of the Open Inference Protocol, judged as its REST form is."""

"""Models written as XML: PMML, OpenVINO, OpenCV."""

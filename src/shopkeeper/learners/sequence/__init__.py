"""Learning what comes next in a history: networks over events, trained with torch, served by ONNX Runtime."""

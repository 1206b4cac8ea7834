"""Pretrained models that read titles and look at pictures, behind one contract."""

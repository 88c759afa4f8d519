"""A trained model for other programs: its score as ONNX or TorchScript, its item embeddings as parquet."""

from recbole_lsrec.export.command import export

__all__ = ["export"]

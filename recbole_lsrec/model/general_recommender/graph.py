"""RecBole's graph models under current scipy, whose ``dok_matrix`` lost the private method that RecBole calls.

Only the matrix is built in another way; its values, and all else, are RecBole's.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from recbole.model.general_recommender.gcmc import GCMC as RecBoleGCMC
from recbole.model.general_recommender.lightgcn import LightGCN as RecBoleLightGCN
from recbole.model.general_recommender.ngcf import NGCF as RecBoleNGCF
from recbole.model.general_recommender.spectralcf import SpectralCF as RecBoleSpectralCF


def normalised_adjacency(interactions: sp.spmatrix, left: float, right: float) -> torch.Tensor:
    """The bipartite graph of users and items, ``D^left A D^right``.

    Args:
        interactions: ``[n_users, n_items]``; an entry is an edge, whatever its value.
        left: power of the degree of an edge's first end. To every degree 1e-7 is added, as RecBole does, for nodes
            without an edge.
        right: power of that of its second end.

    Returns:
        Sparse float32 ``[n_users + n_items, n_users + n_items]``.
    """
    edges = sp.csr_matrix(interactions, dtype=np.float32)
    edges.data[:] = 1.0
    adjacency = sp.bmat([[None, edges], [edges.T, None]], format="csr", dtype=np.float32)
    degree = np.asarray(adjacency.sum(axis=1)).ravel() + 1e-7
    matrix = sp.coo_matrix(sp.diags(degree**left) @ adjacency @ sp.diags(degree**right), dtype=np.float32)
    index = torch.from_numpy(np.stack([matrix.row, matrix.col]).astype(np.int64))
    return torch.sparse_coo_tensor(index, torch.from_numpy(matrix.data), matrix.shape).coalesce()


class _Symmetric:
    """Gives RecBole's classes their matrix."""

    interaction_matrix: Any

    def get_norm_adj_mat(self) -> torch.Tensor:
        """``D^-0.5 A D^-0.5``."""
        return normalised_adjacency(self.interaction_matrix, -0.5, -0.5)


class LightGCN(_Symmetric, RecBoleLightGCN):
    """LightGCN (He et al., SIGIR 2020), RecBole's code."""


class NGCF(_Symmetric, RecBoleNGCF):
    """NGCF (Wang et al., SIGIR 2019), RecBole's code."""


class GCMC(_Symmetric, RecBoleGCMC):
    """GC-MC (van den Berg et al., 2017), RecBole's code."""


class SpectralCF(RecBoleSpectralCF):
    """SpectralCF (Zheng et al., RecSys 2018), RecBole's code."""

    def get_laplacian_matrix(self) -> torch.Tensor:
        """The graph's random-walk Laplacian, ``I - D^-1 A``."""
        return self.get_eye_mat(self.n_users + self.n_items) - normalised_adjacency(self.interaction_matrix, -1, 0)

"""What ``recbole-lsrec models`` prints: every model that can be run, with what one must know to choose."""

from typing import NamedTuple

from tabulate import tabulate

from recbole_lsrec.registry import EXCLUDED, OTHER_NAMES, PLUGIN_MODELS, model_names

# How all items are scored, cheapest first; what a full ranking costs hangs on it more than on anything else.
COUNTS = "counts"  # nothing is trained
PRODUCT = "product"  # one vector of the history, or of the user, times all items
PAIR = "per item"  # a network for each pair of history, or user, and item


class Line(NamedTuple):
    """A model in the table.

    Attributes:
        family: the kind of model.
        paper: first author, venue and year.
        scoring: how all items are scored: ``counts``, ``product`` or ``per item``.
        needs: what it reads beyond users, items and their order; with ``(if any)``, it runs without.
        candidate: whether what is taken from the history depends on the candidate.
    """

    family: str
    paper: str
    scoring: str = PRODUCT
    needs: str = ""
    candidate: bool = False


LONG_SHORT, _GENERAL, _FLOOR = "long/short-term", "no sequence", "floor"
_CATEGORY = "category (if any)"

LINES = {
    # recbole_lsrec
    "SLSRec": Line(LONG_SHORT, "Zhou, arXiv 2026", PAIR, "time, category", True),
    "CLSR": Line(LONG_SHORT, "Zheng, WWW 2022", PAIR, "time, category (if any)", True),
    "SLiRec": Line(LONG_SHORT, "Yu, IJCAI 2019", PAIR, "time, category (if any)", True),
    "SURGE": Line(LONG_SHORT, "Chang, SIGIR 2021", PAIR, _CATEGORY, True),
    "LSIDN": Line(LONG_SHORT, "Zhang, SDM 2024", PAIR, "time, category (if any)", True),
    "MARank": Line(LONG_SHORT, "Yu, AAAI 2019"),
    "DiffLSRec": Line(LONG_SHORT, "Wang, 2025", PRODUCT, "time"),
    "gSASRec": Line("attention", "Petrov, RecSys 2023"),
    "eSASRec": Line("attention", "Tikhonovich, RecSys 2025"),
    "SASRecSS": Line("attention", "Tikhonovich, RecSys 2025"),
    "Markov": Line(_FLOOR, "Rendle, WWW 2010", COUNTS),
    "Pop": Line(_FLOOR, "", COUNTS),
    "Random": Line(_FLOOR, "", COUNTS),
    # RecBole, sequential
    "BERT4Rec": Line("attention", "Sun, CIKM 2019"),
    "CORE": Line("attention", "Hou, SIGIR 2022"),
    "Caser": Line("convolution", "Tang, WSDM 2018"),
    "DIEN": Line("recurrent", "Zhou, AAAI 2019", PAIR, _CATEGORY, True),
    "DIN": Line("attention", "Zhou, KDD 2018", PAIR, _CATEGORY, True),
    "FDSA": Line("attention", "Zhang, IJCAI 2019", PRODUCT, "category"),
    "FEARec": Line("frequency", "Du, SIGIR 2023"),
    "FOSSIL": Line("Markov chain", "He, ICDM 2016"),
    "FPMC": Line("Markov chain", "Rendle, WWW 2010"),
    "GCSAN": Line("graph", "Xu, IJCAI 2019"),
    "GRU4Rec": Line("recurrent", "Tan, DLRS 2016"),
    "GRU4RecCPR": Line("recurrent", "Chang, WSDM 2024"),
    "GRU4RecF": Line("recurrent", "Hidasi, RecSys 2016", PRODUCT, "category"),
    "HGN": Line("gating", "Ma, KDD 2019"),
    "HRM": Line("pooling", "Wang, SIGIR 2015"),
    "LightSANs": Line("attention", "Fan, SIGIR 2021"),
    "NARM": Line("recurrent", "Li, CIKM 2017"),
    "NPE": Line("pooling", "Nguyen, IJCAI 2018"),
    "NextItNet": Line("convolution", "Yuan, WSDM 2019"),
    "RepeatNet": Line("recurrent", "Ren, AAAI 2019"),
    "SASRec": Line("attention", "Kang, ICDM 2018"),
    "SASRecCPR": Line("attention", "Chang, WSDM 2024"),
    "SASRecF": Line("attention", "Kang, ICDM 2018", PRODUCT, "category"),
    "SHAN": Line("attention", "Ying, IJCAI 2018"),
    "SINE": Line("attention", "Tan, WSDM 2021"),
    "SRGNN": Line("graph", "Wu, AAAI 2019"),
    "STAMP": Line("attention", "Liu, KDD 2018"),
    "TransRec": Line("Markov chain", "He, RecSys 2017"),
    # RecBole, general
    "ADMMSLIM": Line(_GENERAL, "Steck, WSDM 2020", COUNTS),
    "AsymKNN": Line(_GENERAL, "Aiolli, RecSys 2013", COUNTS),
    "BPR": Line(_GENERAL, "Rendle, UAI 2009"),
    "CDAE": Line(_GENERAL, "Wu, WSDM 2016"),
    "ConvNCF": Line(_GENERAL, "He, IJCAI 2018", PAIR),
    "DGCF": Line(_GENERAL, "Wang, SIGIR 2020"),
    "DMF": Line(_GENERAL, "Xue, IJCAI 2017"),
    "DiffRec": Line(_GENERAL, "Wang, SIGIR 2023"),
    "EASE": Line(_GENERAL, "Steck, WWW 2019", COUNTS),
    "ENMF": Line(_GENERAL, "Chen, TOIS 2020"),
    "FISM": Line(_GENERAL, "Kabbur, KDD 2013", PAIR),
    "GCMC": Line(_GENERAL, "van den Berg, 2017"),
    "ItemKNN": Line(_GENERAL, "Aiolli, RecSys 2013", COUNTS),
    "LINE": Line(_GENERAL, "Tang, WWW 2015"),
    "LightGCN": Line(_GENERAL, "He, SIGIR 2020"),
    "MacridVAE": Line(_GENERAL, "Ma, NeurIPS 2019"),
    "MultiDAE": Line(_GENERAL, "Liang, WWW 2018"),
    "MultiVAE": Line(_GENERAL, "Liang, WWW 2018"),
    "NAIS": Line(_GENERAL, "He, TKDE 2018", PAIR, "", True),
    "NCEPLRec": Line(_GENERAL, "Wu, SIGIR 2019"),
    "NGCF": Line(_GENERAL, "Wang, SIGIR 2019"),
    "NNCF": Line(_GENERAL, "Bai, CIKM 2017", PAIR),
    "NeuMF": Line(_GENERAL, "He, WWW 2017", PAIR),
    "SGL": Line(_GENERAL, "Wu, SIGIR 2021"),
    "SLIMElastic": Line(_GENERAL, "Ning, ICDM 2011", COUNTS),
    "SimpleX": Line(_GENERAL, "Mao, CIKM 2021"),
    "SpectralCF": Line(_GENERAL, "Zheng, RecSys 2018"),
}


def model_table() -> str:
    """All models that can be run, ours first; then names that papers use, and what cannot be run and why."""
    names = [name for of_origin in model_names().values() for name in of_origin]
    header = ["model", "family", "paper", "code", "needs", "candidate weighs the history", "scores all items by"]
    rows = [
        [name, line.family, line.paper, _code(name), line.needs, "yes" if line.candidate else "", line.scoring]
        for name, line in ((name, LINES[name]) for name in names)
    ]
    others = ", ".join(f"{theirs} is {ours}" for theirs, ours in OTHER_NAMES.items())
    parts = [
        tabulate(rows, header, disable_numparse=True),
        "counts: nothing is trained. product: one vector times all items. per item: a network for every pair, so a full\n"
        "ranking costs as much as there are items. no sequence: knows the user alone, scored once per user.",
        f"In papers: {others}.",
        "Not here: " + "; ".join(f"{name} ({reason})" for name, reason in EXCLUDED.items()) + ".",
    ]
    return "\n\n".join(parts)


def _code(name: str) -> str:
    if name not in PLUGIN_MODELS:
        return "RecBole"
    if name in ("BERT4Rec", "GRU4Rec", "GRU4RecF", "NARM", "SASRec", "SASRecF"):
        return "RecBole, all positions"
    if name in ("DIN", "DIEN"):
        return "RecBole, encoded once"
    return "RecBole, mended" if ".general_recommender." in PLUGIN_MODELS[name] else "recbole_lsrec"

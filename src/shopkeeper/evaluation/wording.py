"""Words of the report: what is measured, how it was asked, and where each formula comes from."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a metric means.

    Attributes
    ----------
    name, chinese
        Its name in both languages.
    formula
        Plain text.
    text
        One sentence.
    source
        Where it comes from.
    """

    name: str
    chinese: str
    formula: str
    text: str
    source: str


METRICS: Final = {
    "ndcg": Meaning(
        "NDCG",
        "归一化折损累计增益",
        "Σᵣ hᵣ / log₂(r+1) ÷ Σ_{r ≤ min(k,|T|)} 1 / log₂(r+1)",
        "Hits count more the higher they stand; 1 is the best possible list.",
        "Järvelin & Kekäläinen 2002",
    ),
    "recall": Meaning(
        "Recall", "召回率", "Σᵣ hᵣ / |T|", "Share of what the person went on to take.", "van Rijsbergen 1979"
    ),
    "precision": Meaning(
        "Precision", "精确率", "Σᵣ hᵣ / k", "Share of the list that was taken.", "van Rijsbergen 1979"
    ),
    "f1": Meaning(
        "F1", "F1 值", "2 Σᵣ hᵣ / (k + |T|)", "Harmonic mean of precision and recall.", "van Rijsbergen 1979"
    ),
    "hit_rate": Meaning(
        "Hit rate", "命中率", "maxᵣ hᵣ", "Share of lists with at least one hit.", "Deshpande & Karypis 2004"
    ),
    "mrr": Meaning(
        "MRR", "平均倒数排名", "1 / rank of the first hit", "How soon the first hit comes.", "Voorhees 1999"
    ),
    "map": Meaning(
        "MAP",
        "平均精确率均值",
        "Σᵣ hᵣ Pᵣ / min(k,|T|)",
        "Mean of the precision at each hit.",
        "Buckley & Voorhees 2000",
    ),
    "coverage": Meaning(
        "Coverage",
        "目录覆盖率",
        "|∪ lists| / |catalogue|",
        "Share of the catalogue that anybody is shown.",
        "Ge, Delgado-Battenfeld & Jannach 2010",
    ),
    "gini": Meaning(
        "Gini",
        "基尼系数",
        "Σᵢ (2i − n − 1) cᵢ / (n Σ c)",
        "How unequally places are shared among items: 0 evenly, 1 all to one.",
        "Adomavicius & Kwon 2012",
    ),
    "novelty": Meaning(
        "Novelty",
        "新颖度",
        "meanᵢ −log₂ pᵢ",
        "How far from the well known, in bits; p is an item's share of training events, plus one each.",
        "Zhou et al. 2010; Vargas & Castells 2011",
    ),
    "diversity": Meaning(
        "Diversity",
        "列表多样性",
        "mean_{i<j} d(i, j)",
        "How different the items of one list are: by category path, else by who touched them (1 − cosine).",
        "Ziegler et al. 2005",
    ),
}
"""Every metric by the name it has in files."""

SLICES: Final = {
    "all": ("All requests", "全部请求", "Every case with all its truth."),
    "repeats": ("Repeats", "复购", "Truth the person has had before; the whole list."),
    "new_to_person": ("New to the person", "对顾客而言的新品", "Truth the person never had; the whole list."),
    "new_items": ("New items", "新上架商品", "Truth nobody touched in training."),
    "new_customers": ("New customers", "新顾客", "People without any history."),
    "repeats_only": (
        "Repeats, ranked alone",
        "仅排序复购",
        "Only what the person knows is ranked, by the model's score.",
    ),
    "new_to_person_only": (
        "New to the person, ranked alone",
        "仅排序新品",
        "What the person knows is left out of the list.",
    ),
}
"""Every slice: name, Chinese name, what it holds."""

PROTOCOLS: Final = {
    "last-out": (
        "Learned from all but each person's last two events. Tuned on the last but one. Asked for the last, "
        "with the last but one in the history."
    ),
    "time": (
        "Learned from everything before the last {days:g} days. Tuned on as many days before those. Asked "
        "about every person active in them, for all they touched."
    ),
    "sessions": (
        "Learned from the whole training file. Tuned on its latest sessions. Asked every prefix of every "
        "test session for the next item."
    ),
}
"""How each protocol asks."""

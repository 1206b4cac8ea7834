"""RecTools: SASRec and eSASRec with sampled softmax, and EASE (https://github.com/MobileTeleSystems/RecTools).

Run inside its environment: ``python -m benchmarks.peers.run_rectools MODEL SPLIT OUT``. The transformers have
the settings their authors publish for e-commerce (blondered/transformer_benchmark, table "Hyperparameters for
all datasets", Amazon): width 64, one block, one head, dropout 0.2, 50 events, 256 negatives, learning rate
0.001, batches of 128. They are trained on an ``accelerator`` of the library until NDCG@10 on the tuning part
has not risen for ``patience`` epochs (the authors wait 50 on a GPU); the best epoch's weights are kept, or
its number of epochs is trained again where the test part has more to learn from; ``minutes`` ends a training
that takes longer. Their histories hold whatever a request brings, so the last but one event is read, not
learned.
"""

import time
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pytorch_lightning as lightning
import torch
from rectools import Columns
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.models import EASEModel, SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers

from benchmarks.peers.harness import Family, Settings, ndcg, run, top
from benchmarks.peers.parts import Array, Part, batches

MOST_EPOCHS: Final = 200
"""As the authors allow."""

_OURS: Final = frozenset({"layers", "epochs", "patience", "minutes", "accelerator"})
"""Settings that the library's model does not take."""

ARCHITECTURES: Final[Mapping[str, Mapping[str, Any]]] = {
    "sasrec": {},
    "esasrec": {
        "transformer_layers_type": LiGRLayers,
        "transformer_layers_kwargs": {"ff_factors_multiplier": 4},
        "use_key_padding_mask": True,
    },
}


class Watch(lightning.Callback):  # type: ignore[misc]
    """Asks the tuning questions after every epoch, keeps the best weights, and ends training in time."""

    def __init__(self, part: Part, patience: int, minutes: float) -> None:
        self.part = part
        self.patience = patience
        self.minutes = minutes
        self.epochs: list[dict[str, float]] = []
        self.weights: dict[str, torch.Tensor] = {}
        self.start = time.perf_counter(), time.process_time()

    def __deepcopy__(self, memo: object) -> "Watch":
        """The library copies its trainer; what is kept here is to be read afterwards."""
        return self

    @property
    def best(self) -> int:
        """The best epoch, from 1."""
        return int(np.argmax([epoch["ndcg@10"] for epoch in self.epochs])) + 1

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        lists = np.concatenate([top(scores(module, batch), 10) for batch in batches(self.part)])
        module.train()
        seconds = time.perf_counter() - self.start[0], time.process_time() - self.start[1]
        self.epochs.append(
            {
                "ndcg@10": round(ndcg(lists, self.part), 6),
                "seconds": round(seconds[0], 1),
                "cpu_seconds": round(seconds[1], 1),
            }
        )
        print(len(self.epochs), self.epochs[-1], flush=True)
        if self.best == len(self.epochs):
            self.weights = {name: value.clone() for name, value in module.torch_model.state_dict().items()}
        trainer.should_stop = len(self.epochs) - self.best >= self.patience or seconds[0] > 60 * self.minutes


class Transformer:
    """SASRec (Kang and McAuley 2018) or eSASRec (Tikhonovich et al. 2025)."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.seed = seed
        self.log: list[dict[str, float]] | None = None

    def fit(self, part: Part) -> None:
        """Train for ``epochs`` where they are known, else until the tuning part says to stop."""
        lightning.seed_everything(self.seed)
        options = {name: value for name, value in self.settings.items() if name not in _OURS}
        self.model = SASRecModel(loss="sampled_softmax", **options, **ARCHITECTURES[self.settings["layers"]])
        epochs = self.settings.get("epochs")
        watch = Watch(part, self.settings["patience"], self.settings["minutes"])
        # Documented: a trainer of one's own may be assigned after the model was made.
        self.model._trainer = lightning.Trainer(
            max_epochs=epochs or MOST_EPOCHS,
            callbacks=[] if epochs else [watch],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
            accelerator=self.settings["accelerator"],
        )
        known = part.person >= 0
        self.model.fit(
            Dataset.construct(interactions(part.person[known], part.item[known], part.time[known]))
        )
        if not epochs:
            self.model.torch_model.load_state_dict(watch.weights)
            self.settings = {**self.settings, "epochs": watch.best}
            self.log = watch.epochs

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        rows = self._answerable(part)
        dataset = Dataset.construct(interactions(part.owner, part.history, part.times))
        found = self.model.recommend(rows, dataset, k, filter_viewed=fresh)
        return lists_of(found, len(part), k)

    def scores(self, part: Part) -> Array:
        return scores(self.model.lightning_model, part)

    def _answerable(self, part: Part) -> Array:
        """Requests with an item that the model knows."""
        known = np.isin(part.history, self.model.data_preparator.get_known_item_ids())
        return np.unique(part.owner[known])


class Ease:
    """EASE (Steck 2019)."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.model = EASEModel(regularization=settings["regularization"])

    def fit(self, part: Part) -> None:
        known = part.person >= 0
        self.items = np.unique(part.item[known])
        self.model.fit(self._dataset(part.person[known], part.item[known]))

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        known = np.isin(part.history, self.items)
        rows, items = part.owner[known], part.history[known]
        # The library cuts a matrix behind its last item; a stand-in who has the last one keeps it whole.
        dataset = self._dataset(np.append(rows, -1), np.append(items, self.items[-1]))
        return lists_of(self.model.recommend(np.unique(rows), dataset, k, filter_viewed=fresh), len(part), k)

    def scores(self, part: Part) -> Array:
        out = np.full((len(part), part.n_items), -np.inf, np.float32)
        out[:, self.items] = part.request_items("binary")[:, self.items] @ self.model.weight
        return out

    def _dataset(self, rows: Array, items: Array) -> Dataset:
        """Each pair once, over the items the model was fitted on, as it wants."""
        pairs = np.unique(np.stack([rows, items]), axis=1)
        frame = interactions(pairs[0], pairs[1], np.zeros(pairs.shape[1], np.int64))
        people, known = IdMap.from_values(frame[Columns.User].to_numpy()), IdMap.from_values(self.items)
        return Dataset(people, known, Interactions.from_raw(frame, people, known))


def interactions(rows: Array, items: Array, times: Array) -> pd.DataFrame:
    """Events as the library wants them."""
    return pd.DataFrame(
        {
            Columns.User: rows,
            Columns.Item: items,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(times, unit="ms"),
        }
    )


def lists_of(found: pd.DataFrame, n: int, k: int) -> Array:
    """The library's table as lists."""
    lists = np.full((n, k), -1)
    lists[found[Columns.User].to_numpy(int), found[Columns.Rank].to_numpy(int) - 1] = found[Columns.Item]
    return lists


def scores(module: Any, part: Part) -> Array:
    """Scores of all items: -inf for an unknown one, 0 where no item of the history is known."""
    preparator = module.data_preparator
    known = preparator.get_known_item_ids().astype(int)
    out = np.full((len(part), part.n_items), -np.inf, np.float32)
    out[:, known] = 0.0
    rows = np.unique(part.owner[np.isin(part.history, known)])
    if len(rows):
        dataset = preparator.transform_dataset_u2i(
            Dataset.construct(interactions(part.owner, part.history, part.times)), rows
        )
        people, items = module._get_user_item_embeddings(
            preparator.get_dataloader_recommend(dataset, 256), None
        )
        place = dataset.user_id_map.convert_to_internal(rows)
        found = (people @ items.T).cpu().numpy()[place][:, preparator.get_known_items_sorted_internal_ids()]
        out[np.ix_(rows, known)] = found
    return out


def _transformer(layers: str) -> Family:
    settings = {
        "layers": layers,
        "n_factors": 64,
        "n_blocks": 1,
        "n_heads": 1,
        "dropout_rate": 0.2,
        "session_max_len": 50,
        "n_negatives": 256,
        "lr": 0.001,
        "batch_size": 128,
        "patience": 10,
        "minutes": 600.0,
        "accelerator": "cpu",
    }
    return Family(Transformer, [settings])


FAMILIES: Final = {
    "sasrec": _transformer("sasrec"),
    "esasrec": _transformer("esasrec"),
    "ease": Family(Ease, [{"regularization": value} for value in (500.0, 100.0, 2000.0, 8000.0)]),
}

if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning)
    run(FAMILIES, ["rectools", "torch", "numpy"])

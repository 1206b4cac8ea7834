"""The composition root: a shop's folder and configuration in, wired objects out.

What only one verb needs and is slow to load, such as the web framework, is imported by that verb: a command
should not wait for what it does not use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import (
    InvalidRequest,
    MissingColumn,
    MissingFile,
    NotTrained,
    ShopExists,
    ShopkeeperError,
    TooLittleData,
)
from shopkeeper.core.ports import system_clock
from shopkeeper.core.types import Balance
from shopkeeper.data import outbox
from shopkeeper.data.campaign_log import read_campaign_log
from shopkeeper.data.customer_log import CustomerLog, read_customer_log
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.derived import put_derived
from shopkeeper.data.importing import import_source
from shopkeeper.data.report import ImportReport
from shopkeeper.data.searches import COLUMNS as SEARCHED
from shopkeeper.data.searches import clicked
from shopkeeper.data.sources.base import FrameSource, Source
from shopkeeper.data.sources.opening import open_source
from shopkeeper.data.values import read_moment
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.bert import Bert
from shopkeeper.encoders.chat import ChatEndpoint
from shopkeeper.encoders.choose import text_encoder
from shopkeeper.encoders.endpoint import Endpoint
from shopkeeper.encoders.text import Multilingual
from shopkeeper.evaluation.backtest import Progress, no_progress
from shopkeeper.evaluation.evaluate import evaluate_task
from shopkeeper.evaluation.findings import Evaluation
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.features.meaning import texts_of
from shopkeeper.features.pictures import picture_encoders
from shopkeeper.privacy.erasure import Receipt
from shopkeeper.privacy.identity import KEY_FILE, create_key
from shopkeeper.propensity.clicks import Learned
from shopkeeper.propensity.labels import check_days
from shopkeeper.serving.delivery import Channel, Delivery, approve, deliver, rest_of
from shopkeeper.serving.finder import EncoderChoice
from shopkeeper.serving.guard import TOKEN_VARIABLE, Guard
from shopkeeper.serving.opening import CONFIG_FILE, open_service
from shopkeeper.serving.person import GUEST, Person
from shopkeeper.serving.service import Service
from shopkeeper.serving.snapshots import FOLDER as SNAPSHOTS
from shopkeeper.serving.snapshots import HORIZON, SNAPSHOT, take_snapshot
from shopkeeper.serving.visits import Happening
from shopkeeper.surfaces.adverts import read_adverts
from shopkeeper.surfaces.campaign import CampaignResponse, response_list
from shopkeeper.surfaces.forecast import Forecast, PurchaseForecast, action_list, churn_list, purchase_list
from shopkeeper.surfaces.next_action import NextAction
from shopkeeper.surfaces.page import Answer, Homepage, SearchPage
from shopkeeper.surfaces.query import Bounds, read_query
from shopkeeper.surfaces.segmentation import Segmentation, segment
from shopkeeper.surfaces.wish import NO_WISH, Wish
from shopkeeper.training.announce import announcing
from shopkeeper.training.checkpoint import Checkpoint
from shopkeeper.training.clicks import FOLDER as CLICKS
from shopkeeper.training.clicks import learn_clicks
from shopkeeper.training.learning import read_learnable
from shopkeeper.training.plan import BUDGET
from shopkeeper.training.train import Training, chosen_fitters, train
from shopkeeper.training.update import Update, take_out, update

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shopkeeper.catalog.completion import Completion
    from shopkeeper.catalog.describe import Description
    from shopkeeper.catalog.outcome import Tagging
    from shopkeeper.catalog.tagging import Encoders, Question
    from shopkeeper.training.fine_tune import FineTuned

MODELS: Final = "models"
CACHE: Final = "cache"
_FOLDERS: Final = (MODELS, SNAPSHOTS, CACHE)
OneForecast = TypeVar("OneForecast", Forecast, PurchaseForecast, NextAction, CampaignResponse)


class Shop:
    """One shop: its log, catalogue and models, and everything that can be asked of it.

    Open one with `open_shop` (``shopkeeper.open``) or make one with `create_shop`. Use it in a ``with``
    block, or `close` it.

    Parameters
    ----------
    folder
        A folder made by `create_shop`.

    Raises
    ------
    ShopNotFound
        The folder is not a shop.
    InvalidConfig
        ``shopkeeper.toml`` has faults; all are listed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service: Service = open_service(folder, encoders=partial(reader_of_queries, folder / CACHE))
        self.config: ShopConfig = self.service.config
        self.store = self.service.store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _cache(self) -> Path:
        return self.folder / CACHE

    def close(self) -> None:
        """Finish what waits to be written and let go of the files."""
        self.service.close()

    @property
    def models(self) -> Path:
        """Folder of trained models."""
        return self.folder / MODELS

    def import_(
        self,
        source: str | Path,
        *,
        kind: str,
        format: str | None = None,
        mapping: Mapping[str, str] | None = None,
        query: str | None = None,
        progress: Progress = no_progress,
    ) -> ImportReport:
        """Import a file, a database query or a source by name; the same source again adds nothing.

        Parameters
        ----------
        source
            A file, a database URL (with ``query``), or the name of a source such as ``complete-journey``.
        kind
            ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
        format
            Format of the file where its name does not tell.
        mapping
            Our column name to theirs, for columns that are not guessed.
        query
            SQL, where ``source`` is a database URL.
        progress
            Told how many rows were read.
        """
        opened = open_source(source, kind=kind, format=format, query=query, limits=self.config.limits)
        return self._take(opened, kind, mapping or {}, progress)

    def import_frames(
        self, kind: str, frames: Iterator[pl.DataFrame], *, progress: Progress = no_progress
    ) -> ImportReport:
        """Import frames a program made, in our column names and with raw ids; see `import_`."""
        return self._take(FrameSource(kind, frames), kind, {}, progress)

    def _take(
        self, source: Source, kind: str, mapping: Mapping[str, str], progress: Progress
    ) -> ImportReport:
        return import_source(
            self.store,
            source,
            kind=kind,
            config=self.config,
            identity=self.service.identity,
            now=system_clock(),
            mapping=mapping,
            progress=lambda done, total: progress(f"import {kind}", done, total or 0),
        )

    def tag(self, *, image_dir: Path | None = None, progress: Progress = no_progress) -> Completion:
        """Derive missing categories, brands, attributes and tags of the items, beside what was given.

        What was accepted or rejected in a review holds. Writes ``review.csv`` (what is doubtful) and
        ``duplicates.csv`` into the shop's folder.

        Parameters
        ----------
        image_dir
            Folder of the items' pictures, by the last part of ``image_url``.
        progress
            Told of stages.

        Raises
        ------
        TooLittleData
            The catalogue is empty.
        MissingFile
            ``image_dir`` is no folder.
        """
        from shopkeeper.catalog.completion import complete
        from shopkeeper.catalog.review import DUPLICATES, REVIEW, duplicates_table, review_table
        from shopkeeper.catalog.reviewed import REVIEWED, read_verdicts, reviewed_all

        items = self.store.items()
        if not len(items):
            raise TooLittleData("The catalogue is empty.", hint="Import items first: --kind items.")
        if image_dir is not None and not image_dir.is_dir():
            raise MissingFile(f"--image-dir {image_dir} is no folder.", hint="Check the path.")
        today = datetime.fromtimestamp(system_clock() / 1000, UTC).date().isoformat()
        found = complete(items, encoders(), today, image_dir, progress)
        verdicts = read_verdicts(self.folder / REVIEWED)
        derived = reviewed_all(found.derived, verdicts)
        self.store.write(partial(put_derived, found=derived)).result()
        review_table(found).write_csv(self.folder / REVIEW)
        duplicates_table(found, items).write_csv(self.folder / DUPLICATES)
        return found

    def train(
        self,
        *,
        test_days: float | None = None,
        budget: float = BUDGET,
        progress: Progress = no_progress,
    ) -> Training:
        """Train on everything in the log and go live if not worse; see `training.train`.

        How far it has come stands in the folder of models, where the dashboard reads it.
        """
        with (
            announcing(self.models, progress, self.store.last_seq()) as announcer,
            closing(Decisions(self.store)) as decisions,
        ):
            training = train(
                self.store,
                self.store,
                self.models,
                self._cache,
                self.config,
                decisions=decisions,
                test_days=test_days,
                budget=budget,
                progress=announcer,
            )
            announcer.end(training.reason, training.version, promoted=training.promoted)
        return training

    def fine_tune(self, out: str | Path, *, progress: Progress = no_progress) -> FineTuned:
        """Fine-tune the shop's text encoder on its log, into a folder that ``encoders.text`` can then name.

        Raises
        ------
        MissingDependency
            There is no GPU, or no torch.
        InvalidRequest
            The folder exists, or what reads the shop's texts has no weights that can be learned.
        TooLittleData
            There are too few pairs to learn from.
        """
        from shopkeeper.training.fine_tune import device_or_fail, fine_tune, pairs_of

        device = device_or_fail()
        dataset = read_learnable(self.store, self.store, self.config, self._cache).dataset
        titles = sorted(set(texts_of(dataset.items)))
        encoder = text_encoder(self.config.encoders, self.config.language, titles, self._cache)
        if not isinstance(encoder, Bert):
            raise InvalidRequest(
                f"The encoder {encoder.id} has no weights that can be learned.",
                hint='Set encoders.text to "english" or to a folder of the BERT family.',
            )
        pairs = pairs_of(dataset, clicked(self.store.scan(SEARCHED)))
        return fine_tune(
            encoder.folder,
            pairs,
            Path(out),
            device,
            progress=lambda done, total: progress("fine-tune", done, total),
        )

    def update(self) -> Update:
        """Count what came in since the last training into the model that serves; see `training.update`."""
        return update(self.store, self.models, self.config)

    def evaluate(
        self,
        *,
        models: Sequence[str] = ("shopkeeper", "popular"),
        test_days: float | None = None,
        progress: Progress = no_progress,
    ) -> Evaluation:
        """Measure models on the last weeks of the log, each fitted on what came before; nothing is kept.

        Parameters
        ----------
        models
            Names of `training.train.fitters`; the first is compared with the others.
        test_days
            Length of the test period; four weeks, or a fifth of the log where that is shorter.
        progress
            Told of stages.

        Raises
        ------
        InvalidRequest
            A model is unknown.
        TooLittleData
            The log is too short to hold anything back.
        """
        chosen = chosen_fitters(models, progress)
        with closing(Decisions(self.store)) as decisions:
            dataset = read_learnable(self.store, self.store, self.config, self._cache, decisions).dataset
        return evaluate_task(time_task(dataset, test_days), dataset, chosen, progress=progress)

    def describe(
        self, out: str | Path, *, limit: int | None = None, progress: Progress = no_progress
    ) -> Description:
        """Write tags of products, texts of campaigns, and interests of customers with reasons to a JSON file.

        By the chat model of the configuration where there is one, else, and where it fails, by key phrases,
        by a template, by what people did and by the reasons of the shop's pages. Customers are told by
        pseudonym; reasons need a trained model. Nothing in the shop changes.

        Parameters
        ----------
        out
            Where to; see `catalog.describe.write_json`.
        limit
            Most products (those most in demand) and most customers (those last seen); None for all.
        progress
            Told of stages.

        Raises
        ------
        InvalidRequest
            ``limit`` is below 1.
        TooLittleData
            The log is empty.
        """
        from shopkeeper.catalog.describe import Subject, describe, write_json
        from shopkeeper.encoders.wording import Known

        if limit is not None and limit < 1:
            raise InvalidRequest(f"limit = {limit}: must be at least 1.")
        dataset = read_learnable(self.store, self.store, self.config, self._cache).dataset
        reviews = self.store.scan((c.ITEM_ID, c.TEXT)).drop_nulls()
        chat = self.config.chat
        language = chat.language or self.config.language
        campaigns, offered = self.store.campaigns(), self.store.campaign_items()

        def recommended(customer: str) -> dict[str, Known]:
            try:
                cards = self.service.preview(Person(customer)).items
            except NotTrained:
                return {}
            return {
                card.item_id: Known(card.title_zh, card.reason.zh)
                if language == "zh"
                else Known(card.title, card.reason.en)
                for card in cards
                if card.reason.en
            }

        subject = Subject(dataset, reviews, campaigns, offered, recommended)
        with ChatEndpoint(chat, self.folder / CACHE) if chat.base_url else nullcontext() as model:
            found = describe(subject, model, language, system_clock(), limit, progress)
        write_json(found, Path(out))
        return found

    def churn(
        self,
        as_of: str | int,
        horizon: int,
        *,
        customers: str | Path | None = None,
        progress: Progress = no_progress,
    ) -> list[Forecast]:
        """Who will buy nothing within ``horizon`` days from a moment, the likeliest first, and why.

        Parameters
        ----------
        as_of
            The moment, ISO 8601 (a date is its first moment, UTC) or epoch; nothing later is looked at.
        horizon
            Days, from 1.
        customers
            CSV, JSON Lines or Parquet with the ``customer_id`` of those to tell, by your own ids; None tells
            everybody who had bought by then, by pseudonym.
        progress
            Told of stages.

        Raises
        ------
        InvalidRequest
            The moment or the horizon says nothing.
        TooLittleData
            There is nothing to learn from: the log is too short, or everybody or nobody bought again.
        MissingColumn
            ``customers`` has no ``customer_id``.
        """
        found = churn_list(self._customer_log(), read_moment("as_of", as_of), horizon, self.config, progress)
        return self._named(found, customers)

    def purchase(
        self,
        as_of: str | int,
        horizon: int,
        *,
        customers: str | Path | None = None,
        progress: Progress = no_progress,
    ) -> list[PurchaseForecast]:
        """Who will buy within ``horizon`` days from a moment, of what, and for how much; see `churn`."""
        found = purchase_list(
            self._customer_log(), read_moment("as_of", as_of), horizon, self.config, progress
        )
        return self._named(found, customers)

    def response(
        self,
        as_of: str | int,
        campaign: str,
        *,
        learn_until: str | int | None = None,
        customers: str | Path | None = None,
        progress: Progress = no_progress,
    ) -> list[CampaignResponse]:
        """Who takes up a campaign, the likeliest first: its audience, or everybody where it has none.

        Parameters
        ----------
        as_of, customers, progress
            See `churn`.
        campaign
            Its ``campaign_id``.
        learn_until
            Learn from what was known by an earlier moment alone, to see what a model of that day would say.

        Raises
        ------
        UnknownCampaign
            There is no such campaign.
        InvalidRequest
            A moment says nothing, or the campaign is over by then.
        TooLittleData
            The campaign offers nothing, or no earlier one can be learned from.
        MissingColumn
            ``customers`` has no ``customer_id``.
        """
        until = None if learn_until is None else read_moment("learn_until", learn_until)
        log = read_campaign_log(self.store, self.store)
        found = response_list(log, campaign, read_moment("as_of", as_of), until, progress)
        return self._named(found, customers)

    def segments(
        self,
        as_of: str | int,
        *,
        by: str = "rfm",
        rules: Mapping[str, str] | None = None,
        since: str | int | None = None,
    ) -> Segmentation:
        """Divide everybody known before a moment; see `surfaces.segmentation.segment`.

        Parameters
        ----------
        as_of
            The moment, as of `churn`.
        by
            ``rules``, ``stage``, ``rfm`` or ``clusters``.
        rules
            By the name of the segment; those of the configuration where None.
        since
            An earlier moment: who moved since then is told as well.

        Raises
        ------
        InvalidRequest
            A moment says nothing, ``by`` is unknown, or a rule cannot be read.
        TooLittleData
            There are too few customers.
        """
        own = self.config.segments if rules is None else rules
        earlier = None if since is None else read_moment("since", since)
        return segment(self._customer_log(), read_moment("as_of", as_of), by, own, earlier)

    def actions(
        self,
        as_of: str | int,
        horizon: int,
        *,
        budget: float | None = None,
        customers: str | Path | None = None,
        progress: Progress = no_progress,
    ) -> list[NextAction]:
        """What to do next about each customer, by expected profit; see `surfaces.next_action`.

        Whoever was written to within ``actions.rest_days``, has a message waiting or did not consent is left
        alone. Arguments and errors are those of `churn`.

        Parameters
        ----------
        as_of, horizon, customers, progress
            See `churn`.
        budget
            Most that all actions may cost, in the shop's currency; None sets no limit.
        """
        when = read_moment("as_of", as_of)
        rest = rest_of(self.config.actions)
        silent = self.store.read(partial(outbox.resting, as_of=when, rest=rest))
        refused = self.store.customers().filter(~pl.col(c.CONSENT))[c.CUSTOMER_ID]
        found = action_list(
            self._customer_log(), when, horizon, self.config, {*silent, *refused}, budget, progress
        )
        return self._named(found, customers)

    def snapshot(
        self, as_of: str | int | None = None, *, horizon: int = HORIZON, progress: Progress = no_progress
    ) -> tuple[str, ...]:
        """Look at all customers and keep what the dashboard shows of them; see `serving.snapshots`.

        Parameters
        ----------
        as_of
            The moment, as of `churn`; that of the shop where None.
        horizon
            Days, from 1.
        progress
            Told of stages.

        Returns
        -------
        What could not be told, and why.
        """
        check_days("horizon", horizon)
        when = self.service.now() if as_of is None else read_moment("as_of", as_of)
        folder = self.folder / SNAPSHOTS
        folder.mkdir(exist_ok=True)
        with announcing(folder, progress, self.store.last_seq(), SNAPSHOT) as announcer:
            faults = take_snapshot(self.store, self.folder, when, horizon, announcer)
            announcer.end(" ".join(faults))
        return faults

    def approve(self, actions: Iterable[NextAction]) -> int:
        """Let actions wait in the outbox until `deliver`; how many do.

        Those that leave somebody alone are passed over, and so is whoever must rest or did not consent.

        Parameters
        ----------
        actions
            Of `actions`, by pseudonym.
        """
        return approve(self.store, actions, self.config.actions, system_clock())

    def deliver(self, channel: Channel, *, customers: str | Path | None = None) -> Delivery:
        """Send what waits in the outbox; see `serving.delivery`.

        Parameters
        ----------
        channel
            `serving.delivery.CsvFile` or `serving.delivery.Webhook`.
        customers
            File with your own ids, under which customers are then sent; by pseudonym without it.
        """
        asked = self._asked(customers)
        ids = pl.Series(dtype=pl.String) if asked is None else asked
        own = dict(zip(self.service.identity.customers(ids).to_list(), ids.to_list(), strict=True))
        return deliver(
            self.store,
            channel,
            system_clock,
            lambda pseudonym: own.get(pseudonym, pseudonym),
            self.config.actions,
        )

    def outcomes(self, days: int = 28) -> pl.DataFrame:
        """What came back of messages, by action; see `data.outbox.outcomes`.

        Parameters
        ----------
        days
            After a message, in which a purchase counts, from 1.
        """
        check_days("days", days)
        return self.store.read(partial(outbox.outcomes, days=days))

    def own_ids(self, members: pl.DataFrame, customers: str | Path) -> pl.DataFrame:
        """Those rows whose ``customer_id`` is in a file, under the ids they have there."""
        asked = self._asked(customers)
        ids = pl.Series(dtype=pl.String) if asked is None else asked
        keys = pl.DataFrame({c.CUSTOMER_ID: self.service.identity.customers(ids), "own": ids})
        told = members.join(keys, on=c.CUSTOMER_ID, maintain_order="left")
        return told.with_columns(pl.col("own").alias(c.CUSTOMER_ID)).drop("own")

    def _customer_log(self) -> CustomerLog:
        return read_customer_log(self.store, self.store)

    def _named(self, found: list[OneForecast], customers: str | Path | None) -> list[OneForecast]:
        """Those asked for, by the shop's own ids; everybody where nobody is named."""
        asked = self._asked(customers)
        if asked is None:
            return found
        own = dict(zip(self.service.identity.customers(asked).to_list(), asked.to_list(), strict=True))
        return [replace(one, customer_id=own[one.customer_id]) for one in found if one.customer_id in own]

    def learn_ads(self, *, progress: Progress = no_progress) -> dict[str, Learned]:
        """Learn click probabilities of the shop's adverts from what was shown and clicked.

        Returns
        -------
        How well each kind of model told the latest fifth; the best of them serves from now on.

        Raises
        ------
        InvalidConfig
            The file of adverts has faults.
        TooLittleData
            There are no adverts, or too few clicks.
        """
        path = self.folder / self.config.ads.file
        adverts = read_adverts(path) if path.exists() else []
        model, learned = learn_clicks(
            self.store, adverts, reader_of_queries(self._cache, self.config), self._cache, progress
        )
        model.save(self.folder / CLICKS)
        return learned

    def ad_budgets(self) -> dict[str, Balance]:
        """How the budgets of adverts stand, by campaign and day."""
        return self.service.ads.balances()

    def serve(self, *, host: str = "127.0.0.1", port: int = 8080, workers: int = 1) -> None:
        """Serve the shop page and the HTTP interface until the process is told to end."""
        serve(self.folder, host=host, port=port, workers=workers)

    def recommend(
        self,
        *,
        customer: str | None = None,
        items: Sequence[str] = (),
        k: int = 10,
        wish: Wish = NO_WISH,
    ) -> Answer:
        """At most ``k`` items for a customer, or for somebody who looked at ``items``, the last one last.

        ``wish`` is what they say they want; with one, nothing else needs to be known of them.

        Raises
        ------
        InvalidRequest
            Neither or both are given, and no wish, or ``k`` is out of bounds.
        UnknownCustomer, UnknownItem
            Nothing is known of the customer, or of one of the items.
        NotTrained
            Train first.
        """
        if (customer is None) == (not items) and not (wish and customer is None):
            raise InvalidRequest("Give a customer or items, one of the two.")
        self._ready_for(wish)
        if customer is not None:
            return self.service.recommend(self.known(customer), k=k, wish=wish)
        for item in items:
            self.service.item(item)
        return self.service.recommend(GUEST, k=k, history=[Happening(item) for item in items], wish=wish)

    def recommend_together(self, customers: Sequence[str], *, k: int = 10) -> Answer:
        """At most ``k`` items for several customers at once, such as a household; see `surfaces.together`.

        Raises
        ------
        InvalidRequest
            None of them has agreed to be heard by others, or ``k`` is out of bounds.
        UnknownCustomer
            Nothing is known of one of them.
        NotTrained
            Train first.
        """
        return self.service.recommend_together([self.known(customer) for customer in customers], k=k)

    def recommend_all(
        self,
        out: str | Path,
        *,
        customers: str | Path | None = None,
        k: int = 10,
        progress: Progress = no_progress,
    ) -> int:
        """Write a list for every customer to a Parquet file, by the code that answers one request.

        Parameters
        ----------
        out
            Where to; columns ``customer_id``, ``rank`` (from 1), ``item_id``, ``score``, ``source``.
        customers
            CSV, JSON Lines or Parquet with the ``customer_id`` of those to answer, which are written as they
            are given; None answers everybody in the log, by pseudonym.
        k
            Length of a list, 1 to ``limits.max_k``.
        progress
            Told of customers answered.

        Returns
        -------
        Customers answered.

        Raises
        ------
        InvalidRequest
            ``k`` is out of bounds, or the file cannot be written.
        MissingColumn
            ``customers`` has no ``customer_id``.
        NotTrained
            Train first.
        """
        log = read_learnable(self.store, self.store, self.config, self._cache).dataset
        return self.service.recommend_all(Path(out), log, self._asked(customers), k=k, progress=progress)

    def _asked(self, customers: str | Path | None) -> pl.Series | None:
        """Raw ids of the customers named in a file."""
        if customers is None:
            return None
        source = open_source(customers, kind="customers", limits=self.config.limits)
        frame = pl.concat([chunk.rows for chunk in source.chunks()], how="diagonal_relaxed")
        if c.CUSTOMER_ID not in frame.columns:
            raise MissingColumn(f"{customers} has no column {c.CUSTOMER_ID}.", hint="Name it so.")
        return frame[c.CUSTOMER_ID].cast(pl.String).drop_nulls().unique(maintain_order=True)

    def similar(self, item: str, *, k: int = 10) -> Answer:
        """At most ``k`` items that go with an item; raises `UnknownItem`."""
        return self.service.similar(item, k=k)

    def homepage(self, *, customer: str | None = None, k: int = 12, wish: Wish = NO_WISH) -> Homepage:
        """The homepage of a customer, or of a guest, and of what they wish for; raises `UnknownCustomer`."""
        self._ready_for(wish)
        return self.service.homepage(GUEST if customer is None else self.known(customer), k=k, wish=wish)

    def _ready_for(self, wish: Wish) -> None:
        """Wait for search where a sentence is to be understood."""
        if wish.checked().words:
            self.service.finder.whole()

    def search(
        self, query: str, *, customer: str | None = None, k: int = 10, bounds: Bounds | None = None
    ) -> SearchPage:
        """The best ``k`` results of a query, by words and by meaning, for a customer or a guest.

        The first search of a shop reads its whole catalogue, and waits for that.

        Raises
        ------
        InvalidQuery
            The query is empty or too long.
        InvalidRequest
            ``k`` or a bound breaks its rule.
        UnknownCustomer
            Nothing is known of the customer.
        """
        person = GUEST if customer is None else self.known(customer)
        read_query(query, bounds)
        self.service.finder.whole()
        return self.service.search(query, person, k=k, bounds=bounds)

    def forget(self, customer: str) -> Receipt:
        """Delete everything kept of a customer, counts of the model too; raises `UnknownCustomer`."""
        person = self.known(customer)
        Checkpoint.under(self._cache, self.config).clear()
        # Whatever is wrong with the model, the person's data go.
        with suppress(ShopkeeperError):
            take_out(self.store, self.models, self.config, person.customer or "")
        return self.service.erase_person(person)

    def known(self, customer: str) -> Person:
        """The person behind a raw customer id; raises `UnknownCustomer` where nothing is kept of them."""
        return self.service.require(self.service.person(customer_id=customer))


def create_shop(folder: str | Path, config: str = "") -> Shop:
    """Make a shop in a new or empty folder.

    Parameters
    ----------
    folder
        Where to; parents are created.
    config
        Text of ``shopkeeper.toml``; defaults where empty.

    Raises
    ------
    ShopExists
        The folder is a shop already.
    """
    folder = Path(folder)
    if (folder / CONFIG_FILE).exists():
        raise ShopExists(
            f"{folder} is a shop already.", hint="Choose another folder, or go on with this one."
        )
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    create_key(folder / KEY_FILE)
    (folder / CONFIG_FILE).write_text(config or DEFAULT_CONFIG, encoding="utf-8")
    return Shop(folder)


def open_shop(folder: str | Path) -> Shop:
    """Open a shop; raises `ShopNotFound` where there is none."""
    return Shop(Path(folder))


def tag(asked: Question, *, progress: Progress = no_progress) -> Tagging:
    """Learn a column of one file and tell it in another; see `catalog.tagging.tag_files`."""
    from shopkeeper.catalog.tagging import tag_files

    return tag_files(asked, encoders(), progress)


@cache
def encoders() -> Encoders:
    """What reads texts and looks at pictures by default."""
    from shopkeeper.catalog.tagging import Encoders

    return Encoders(Multilingual(), picture_encoders())


def reader_of_queries(cache: Path, config: ShopConfig) -> EncoderChoice:
    """What reads a shop's queries: the encoder it learns with, unless that is a service of others.

    A search does not wait for somebody else's machine; such a shop is searched by words.
    """

    def choose(titles: list[str]) -> Encoder[str] | None:
        encoder = text_encoder(config.encoders, config.language, titles, cache, threads=1)
        return None if isinstance(encoder, Endpoint) else encoder

    return choose


def application() -> FastAPI:
    """The application of one worker: the HTTP interface and the shop's pages."""
    from shopkeeper.serving.http import create_app
    from shopkeeper.serving.server import prepare_worker, served_folder, settle
    from shopkeeper.web.pages import mount

    prepare_worker()
    shop = Shop(served_folder())
    shop.service.prepare_models_with(settle)
    guard = Guard(os.environ.get(TOKEN_VARIABLE))
    app = create_app(shop.service, guard=guard)
    mount(app, shop.service, guard=guard, clock=shop.service.now)
    return app


def serve(folder: Path, *, host: str, port: int, workers: int) -> None:
    """Serve a shop until the process is told to end; see `serving.server.run`."""
    from shopkeeper.serving.server import run

    run(folder, host=host, port=port, workers=workers, factory="shopkeeper.app:application")


DEFAULT_CONFIG: Final = """\
# A shop's configuration. What is left out keeps its default; unknown keys are refused.
name = "My shop"
language = "en"   # or "zh"
currency = "USD"

[privacy]
assume_consent = true   # what an event without a consent field means

# [event_weights]       # how strongly each kind of event speaks for an item
# purchase = 1.0
# view_item = 0.2
"""

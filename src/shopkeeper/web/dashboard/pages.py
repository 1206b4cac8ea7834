"""The dashboard, put together."""

from starlette.routing import Route

from shopkeeper.serving.snapshots import Snapshotter
from shopkeeper.serving.trainer import Trainer
from shopkeeper.serving.versions import Versions
from shopkeeper.web.dashboard.adverts import AdPages
from shopkeeper.web.dashboard.catalogue import Catalogue
from shopkeeper.web.dashboard.curves import CurvePages
from shopkeeper.web.dashboard.customers import Customers
from shopkeeper.web.dashboard.data_health import DataHealth
from shopkeeper.web.dashboard.frame import Frame
from shopkeeper.web.dashboard.looks import Looks
from shopkeeper.web.dashboard.models import Models
from shopkeeper.web.dashboard.planner import CampaignPages
from shopkeeper.web.dashboard.results import Results
from shopkeeper.web.dashboard.segments import Segments
from shopkeeper.web.dashboard.watch import WatchPages
from shopkeeper.web.front import Front


def routes(front: Front) -> list[Route]:
    """Every page of the dashboard. A new part is one more entry of this list."""
    frame, store = Frame(front), front.service.store
    folder = store.path.parent
    lately, versions = front.service.lately, Versions(folder / "models")
    looks = Looks(frame, Snapshotter(folder))
    parts = frame.add(
        [
            DataHealth(frame, lately, versions),
            Models(frame, versions, Trainer(folder)),
            Customers(frame),
            Segments(frame, looks),
            WatchPages(frame, looks),
            CampaignPages(frame, looks),
            AdPages(frame),
            CurvePages(frame, looks),
            Catalogue(frame, lately, versions, folder),
            Results(frame, lately, versions),
        ]
    )
    return [*parts, *looks.routes()]

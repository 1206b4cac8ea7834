"""Who is about to stop coming."""

from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.labels import Silence
from shopkeeper.propensity.outlook import Outlook, foresee


def churn(log: CustomerLog, as_of: int, days: int, progress: Progress) -> Outlook:
    """The probability that each customer buys nothing within ``days``; see `outlook.foresee`."""
    return foresee(log, as_of, Silence(days), progress=progress)

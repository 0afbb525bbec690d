"""`python -m bench`: parity first, then training, growth and what the service adds, then servers. `--quick` is a short form.

Exits with 1 if a peer does not compute the same. A target that is not reached is said, and is no error: it depends on
the machine.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path

from bench.contender import alone, running
from bench.growth import growth
from bench.http.rows import groups
from bench.machine import machine
from bench.overhead import BARE, SERVICE, overhead
from bench.parity import compare
from bench.picture import write_picture
from bench.report import show_growth, show_parity, show_result, show_summary, write_json
from bench.rows import Target, rows
from bench.timing import Plan, measure
from bench.verdicts import Result, judge

HERE = Path(__file__).parent
AT_MOST_FIVE_PERCENT = Target(SERVICE, BARE, 1 / 1.05)


def main() -> int:
    """Run everything."""
    parser = ArgumentParser(prog="python -m bench", description="Postgrad and its peers, side by side.")
    parser.add_argument("--quick", action="store_true", help="fewer turns, smaller data; for a first look")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="only the rows whose title has this word (http: all servers); writes no file"
    )
    options = parser.parse_args()
    plan = Plan(rounds=8, turn_seconds=0.05, row_seconds=5) if options.quick else Plan()
    about = machine()
    if options.only:
        show_summary([*training(plan, options.only, quick=options.quick), *serving(options.only, quick=options.quick)])
        return 0
    comparisons = alone(compare)
    show_parity(comparisons)
    if not all(row.agrees for row in comparisons):
        return 1
    results = training(plan, "", quick=options.quick)
    costs = alone(growth, Plan(rounds=5, turn_seconds=0.02 if options.quick else 0.05, row_seconds=3))
    show_growth(costs)
    steps, repeats = (20_000, 1) if options.quick else (100_000, 5)
    times = overhead(steps, repeats)
    results.append(judge(f"service, two-layer net on the spiral, {steps} steps", times, [AT_MOST_FIVE_PERCENT]))
    show_result(results[-1])
    caption = f"Fastest turn, one thread. {about['cpu']}, NumPy {about['numpy']}, {about['date']}"
    write_picture(HERE / "results.svg", results, caption)
    results += serving("", quick=options.quick)
    show_summary(results)
    write_json(HERE / "results.json", about, comparisons, results, costs)
    return 0


def training(plan: Plan, word: str, *, quick: bool) -> list[Result]:
    """Measure the rows."""
    results = []
    for row in rows(quick=quick):
        if word in row.title:
            with running(row.contenders) as timers:
                results.append(judge(row.title, measure(timers, plan, row.granule), row.targets))
            show_result(results[-1])
    return results


def serving(word: str, *, quick: bool) -> list[Result]:
    """Measure the rows over HTTP."""
    results = []
    for words, measured in groups(quick=quick).items():
        if word in words:
            for result in measured():
                show_result(result)
                results.append(result)
    return results


if __name__ == "__main__":
    sys.exit(main())

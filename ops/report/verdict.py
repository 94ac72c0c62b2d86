"""The verdict of the report: whether everything is accounted for."""

from dataclasses import dataclass

from ops.report.data import Report
from ops.report.formats import amount, count, several


@dataclass(frozen=True)
class Check:
    """A statement that must hold, how much was checked, and what contradicts it."""

    statement: str
    checked: str  # empty when there was nothing to check
    faults: tuple[str, ...]
    warning: str = ""  # what the statement says nothing about

    @property
    def state(self) -> str:
        """`holds`, `fails`, `warns`, or `open` where there was nothing to check."""
        return "fails" if self.faults else "open" if not self.checked else "warns" if self.warning else "holds"


@dataclass(frozen=True)
class Verdict:
    """All checks; the worst result decides."""

    checks: tuple[Check, ...]

    @property
    def state(self) -> str:
        """`holds`, `fails`, `open` or `warns`."""
        states = {check.state for check in self.checks}
        return next(state for state in ("fails", "open", "warns", "holds") if state in states)

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        return {
            "holds": "Everything is accounted for",
            "fails": "Not everything is accounted for",
            "open": "Nothing is proven yet",
            "warns": "Everything that is known is accounted for",
        }[self.state]

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        failed = [check for check in self.checks if check.state == "fails"]
        idle = [check for check in self.checks if check.state == "open"]
        if failed:
            return (
                f"{several(len(failed), 'check')} of {len(self.checks)} failed. Do not rely on the migrated data"
                " before the causes are removed."
            )
        if idle:
            return f"No check failed, but {several(len(idle), 'check')} of {len(self.checks)} had nothing to check."
        warnings = "".join(f" But {check.warning}." for check in self.checks if check.warning)
        return (
            "Every legacy row is in its mart or listed with the reason why not; no reference is an orphan;"
            " money agrees to the cent, and the text of messages, notes and discussions to the character." + warnings
        )


def judge(report: Report) -> Verdict:
    """Compare the contents of the report with each other and with the marts."""
    checks = [_contract(report), _inventory(report)]
    checks += [_dispositions(report), _reasons(report), _marts(report), _orphans(report), _constraints(report)]
    checks += [_money(report), _texts(report)]
    if (run := report.origin.last_run) and (run.tests_passed or run.tests_warned or run.failed):
        checks.append(
            Check(
                "The tests of the build passed",
                f"{several(run.tests_passed + run.tests_warned, 'test')} passed"
                + (f", {count(run.tests_warned)} of them with a warning" if run.tests_warned else ""),
                tuple(f"{name} failed" for name in run.failed),
            )
        )
    return Verdict(tuple(checks))


def _contract(report: Report) -> Check:
    checked = f"schema {report.origin.legacy_schema}" if report.origin.legacy_schema else ""
    return Check("The legacy tables are as their sources declare them", checked, report.inventory.differences)


def _inventory(report: Report) -> Check:
    found = report.inventory
    checked = f"{several(found.tables, 'table')} with {several(found.columns, 'column')}" if found.tables else ""
    return Check("Every table and column of the legacy database is known", checked, (), found.unknown)


def _dispositions(report: Report) -> Check:
    faults = [
        f"{each.entity}: {several(each.counts.source, 'row')} in the source, but {count(each.counts.migrated)} migrated"
        f" + {count(each.counts.excluded)} excluded + {count(each.counts.rejected)} rejected ="
        f" {count(each.counts.migrated + each.counts.left_out)}"
        for each in report.systems
        if not each.counts.adds_up
    ]
    source = report.counts.source
    checked = f"{several(source, 'row')} in {several(len(report.systems), 'system')}" if source else ""
    return Check("Every legacy row has exactly one disposition", checked, tuple(faults))


def _reasons(report: Report) -> Check:
    expected = {
        (each.entity, disposition): number
        for each in report.systems
        for disposition, number in (("excluded", each.counts.excluded), ("rejected", each.counts.rejected))
    }
    faults = [
        f"{entity}: the ledger counts {count(expected.get((entity, disposition), 0))} {disposition},"
        f" the list of rows left out has {count(report.listed.get((entity, disposition), 0))}"
        for entity, disposition in sorted(expected.keys() | report.listed.keys())
        if expected.get((entity, disposition), 0) != report.listed.get((entity, disposition), 0)
    ]
    faults += [
        f"{each.entity}: {several(each.rows, 'row')} left out for “{each.reason}”, which is not in the list of reasons"
        for system in report.systems
        for each in system.reasons
        if each.meaning is None
    ]
    checked = f"{several(sum(report.listed.values()), 'row')} left out" if report.counts.source else ""
    return Check("Every row left out is listed with a known reason", checked, tuple(faults))


def _marts(report: Report) -> Check:
    faults = [
        f"{each.entity}: the ledger counts {count(each.counts.migrated)} migrated, the mart "
        + ("does not exist" if each.mart_rows is None else f"has {several(each.mart_rows, 'row')}")
        for each in report.systems
        if each.mart_rows != each.counts.migrated
    ]
    held = sum(each.mart_rows or 0 for each in report.systems)
    checked = f"{several(held, 'row')} in {several(len(report.systems), 'mart')}" if held else ""
    return Check("Every mart has the rows that the ledger counts", checked, tuple(faults))


def _orphans(report: Report) -> Check:
    faults = [
        f"{each.child}.{each.child_column}: {several(each.orphan_rows, 'row')} without a parent in {each.parent}"
        for each in report.keys
        if each.orphan_rows
    ]
    references = sum(each.checked_rows for each in report.keys)
    checked = f"{several(references, 'reference')}" if references else ""
    return Check("No reference is an orphan", checked, tuple(faults))


def _constraints(report: Report) -> Check:
    faults = [
        f"{each.child}.{each.child_column} → {each.parent}: no validated constraint"
        for each in report.keys
        if not each.is_enforced
    ]
    checked = several(len(report.keys), "foreign key") if report.keys else ""
    return Check("The database itself enforces every foreign key", checked, tuple(faults))


def _money(report: Report) -> Check:
    faults = [
        f"{each.entity}, {each.kind or 'no kind'}, {each.period or 'no month'}: {amount(each.unexplained)} unexplained"
        for each in report.reconciled
        if each.unexplained
    ]
    faults += [
        f"{each.entity}, {each.kind or 'no kind'}, {each.period or 'no month'}: {several(each.legacy_rows, 'row')} in"
        f" the source, {count(each.mart_rows)} in the mart, {count(each.left_out_rows)} left out"
        for each in report.reconciled
        if each.legacy_rows != each.mart_rows + each.left_out_rows
    ]
    for entity, now in report.amounts_now.items():
        reconciled = report.money_total(entity).mart_amount
        if now != reconciled:
            faults.append(f"{entity}: {amount(reconciled)} were reconciled, the mart has {amount(now)}")
    rows = sum(each.legacy_rows for each in report.reconciled)
    checked = f"{several(rows, 'amount')} of payments, operations and items" if rows else ""
    return Check("Money agrees to the cent", checked, tuple(faults))


def _texts(report: Report) -> Check:
    faults = [
        f"{each.entity}: the texts in the mart and among the rows left out are not those of the legacy table"
        for each in report.texts
        if not each.is_same
        or each.legacy_rows != each.mart_rows + each.left_out_rows
        or each.legacy_characters != each.mart_characters + each.left_out_characters
    ]
    rows = sum(each.legacy_rows for each in report.texts)
    # Not the number of characters: two reports would reveal the length of a text that was added between them.
    checked = several(rows, "text") if rows else ""
    return Check("The text of messages, notes and discussions agrees to the character", checked, tuple(faults))

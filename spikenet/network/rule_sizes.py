"""What a rule comes to before anything is drawn: how many synapses, and what drawing them takes."""

from __future__ import annotations

from spikenet.network import rules
from spikenet.network.rules import Rule

PAIRS_A_CHOICE = 20  # numpy keeps all there are to choose from where there are fewer of them


def expected(rule: Rule, n_source: int, n_target: int) -> float:
    """About how many synapses a rule will make, rather fewer, before they are counted; 0 where nobody knows."""
    if isinstance(rule, rules.Listed):
        return float(rule.source.size)
    if isinstance(rule, rules.OneToOne):
        return float(n_source)
    if isinstance(rule, rules.AllToAll):
        return float(n_source) * n_target - (0 if rule.autapses else min(n_source, n_target))
    if isinstance(rule, rules.FixedTotal):
        return float(rule.n)
    if isinstance(rule, rules.Pairwise):
        return rule.probability * n_source * n_target * 0.99
    if isinstance(rule, (rules.FixedIndegree, rules.FixedOutdegree)):
        return float(rule.k) * (n_target if isinstance(rule, rules.FixedIndegree) else n_source)
    return 0.0


def drawing_bytes(rule: Rule, n_source: int, n_target: int) -> float:
    """What drawing takes beside the synapses themselves: of a total of different pairs, they are chosen among all."""
    if not isinstance(rule, rules.FixedTotal) or rule.multapses:
        return 0.0
    pairs = n_source * n_target
    return 8.0 * pairs if rule.n * PAIRS_A_CHOICE > pairs else 48.0 * rule.n

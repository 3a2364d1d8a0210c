from test.python.test_reactive_edge import *
from ipyblocks.protocol import Done
def test_x(show, gate):
    held, x = gate(), Variable(1)
    async def slow(v: int) -> int:
        await held.pass_through()
        return v
    above = DerivedVariable(slow, [x])
    below = DerivedVariable(lambda v: -v, [above])
    shown = show(page_of(Text(below)))
    shown.until(Started)
    held.reached()
    shown.on_loop(lambda: shown.engine.cancel(shown.session, 1))
    shown.engine.wait_idle()
    print(above.state, above.run, below.state, below.run, graph.wanted, evaluator._wave, evaluator._posted, evaluator.runs)
    held.open()
    x.value = 2
    print(above.state, above.run, below.state, below.run, graph.wanted, evaluator._wave, evaluator._posted, evaluator.runs)
    shown.engine.wait_idle()
    print(above.state, above.run, below.state, below.run, below._value, graph.wanted, evaluator._wave, evaluator._posted, evaluator.runs)
    print(shown.messages()[1:])
    assert 0

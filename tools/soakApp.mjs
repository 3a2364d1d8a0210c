// The Python of the soak: what its apps are, and what is asked of the kernel.

export const PREPARE = `
import collections, random, threading, time
import ipyblocks as gr
from ipyblocks import display
clicks = collections.Counter()
def _sessions():
    return [widget._session for widget in display.shown()]
def busy():
    """How many tasks and messages are on their way."""
    def of(s):
        out = s._out
        return len(s.tasks) + len(out._messages) + len(out._updates) + out._credit.outstanding
    return sum(s.engine.thread.call(lambda s=s: of(s)) for s in _sessions())`;

/** @param {number} number */
export const APP = number => `
def make(number=${number}):
    def add():
        clicks[number] += 1
        print(f"click {clicks[number]}")
        return str(clicks[number])
    def tell():
        told = ""
        for i in range(30):
            told += f"token{i} "
            yield told
            time.sleep(0.01)
    def work(progress=gr.Progress()):
        for _ in progress.tqdm(range(50), desc="working"):
            time.sleep(0.01)
        return "worked"
    def fail():
        raise gr.Error("as asked", print_exception=False, duration=1)
    def many():
        return [{"row": i, "text": f"{random.random()} {'x' * 80}"} for i in range(100)]
    def uploaded(path):
        return None, open(path, "rb").read()[:4].decode("latin1")
    with gr.Blocks(title=f"app {number}", delete_cache=(5, 5)) as demo:
        with gr.Row():
            source, echo = gr.Textbox(elem_id=f"source-{number}"), gr.Textbox()
            source.change(str.upper, source, echo)
        with gr.Row():
            count, story, result, rows = gr.Textbox("0"), gr.Textbox(), gr.Textbox(), gr.JSON()
        image, note = gr.Image(type="filepath", elem_id=f"image-{number}"), gr.Textbox()
        image.upload(uploaded, image, [image, note])
        button = lambda name: gr.Button(name, elem_id=f"{name}-{number}")
        button("add").click(add, None, count, trigger_mode="multiple", concurrency_limit=None)
        runs = [button("tell").click(tell, None, story), button("work").click(work, None, result)]
        button("stop").click(None, cancels=runs)
        button("fail").click(fail)
        button("many").click(many, None, rows)
        build = button("build")
        @gr.render(triggers=[build.click])
        def built():
            for i in range(4):
                text = gr.Textbox(f"part {i}", key=f"part {i}" if i % 2 else None)
                gr.Button(f"press {i}").click(str.upper, text, text)
    return demo
make().launch(max_threads=2)`;

/** Prints, as JSON, what may grow. */
export const MEASURE = `
def _measure():
    import gc, json, os, sys, threading
    from ipywidgets.widgets.widget import _instances
    from ipyblocks.transport import comm
    import comm as comms
    gc.collect()
    def entries(s):
        parts = [s._props, s._twins, s.tasks, s.deferred, s._out._known._values, s.bulk.uploads._files]
        return sum(map(len, parts))
    memory, files = 0, 0
    if os.path.exists("/proc/self/statm"):
        memory = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
        # sockets are the kernel's own: JupyterLab leaves a subshell behind with every page, 7 sockets and a thread
        links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
        files = sum("socket:" not in link and "anon_inode:" not in link for link in links)
    print(json.dumps({
        "kernelMemory": memory, "files": files, "threads": sum(t.name.startswith("ipyblocks") for t in threading.enumerate()),
        "comms": sum(c.target_name == "jupyter.widget" for c in comms.get_comm_manager().comms.values()), "widgets": len(_instances), "sessions": len(_sessions()),
        "table": sum(s.engine.thread.call(lambda s=s: entries(s)) for s in _sessions()),
    }))
_measure()`;

/** Closes everything and prints, as JSON, what is left of it. */
export const LEFT = `
def _left():
    import gc, json, sys
    from ipywidgets.widgets.widget import _instances
    from ipyblocks.runtime import loop
    from ipyblocks.transport import comm
    gr.close_all()
    for thread in threading.enumerate():
        if thread.name.startswith("ipyblocks"):
            thread.join(10)
    print(json.dumps({
        "showings": len(display.shown()), "engines": loop._users, "receivers": len(comm._receivers),
        "threads": sum(t.name.startswith("ipyblocks") for t in threading.enumerate()),
        "widgets": sum(isinstance(w, display.AppWidget) for w in _instances.values()),
    }))
_left()`;

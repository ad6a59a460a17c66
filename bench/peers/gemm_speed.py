#!/usr/bin/env python3
"""Matrix products of a training step on one thread: Lathe's and PyTorch's, in one run.

For each shape and transposition, GFLOP/s of the best of many runs: Lathe's by
build/release/bench/kernels (which checks the result first), then PyTorch's at once.
"""

import argparse
import json
import os
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch

from common import ROOT, cpu_name, note, run

BENCH = ROOT / "build" / "release" / "bench" / "kernels"
TOKENS = 850  # of bench/kernels.cpp
# y = x W^T + bias, dx = dy W, dW += dy^T x, by the inputs and outputs of the layer.
# With --bf16 all is bfloat16 but Lathe's dW, to which it adds in floats.
FORMS = (("nt_{t}x{o}x{i}/bias", "_in_bf16_to_bf16",
          lambda x, w, dy, b: torch.nn.functional.linear(x, w, b)),
         ("nn_{t}x{i}x{o}/none", "_in_bf16_to_bf16", lambda x, w, dy, b: dy @ w),
         ("tn_{o}x{i}x{t}/none_accumulate_rowsum", "_in_bf16", lambda x, w, dy, b: dy.t() @ x))


def best_backend(bf16):
    """The widest instruction set that this processor has, as the suite lists them."""
    listed = run([BENCH, "--benchmark_list_tests",
                  f"--benchmark_filter=^gemm/nt_{TOKENS}x384x384/bias"
                  f"{'_in_bf16_to_bf16' if bf16 else ''}/"]).output
    names = [line.split("/")[3] for line in listed.splitlines() if line.startswith("gemm/")]
    return names[-1]


def lathe(name, backend):
    """GFLOP/s and per cent of the peak measured beside it."""
    output = run([BENCH, f"--benchmark_filter=^gemm/{name}/{backend}/1t",
                  "--benchmark_format=json"]).output
    found = json.loads(output[output.index("{\n"):])["benchmarks"][0]
    return found["GFLOP/s"], found["peak%"]


def pytorch(work, dtype, inputs, outputs):
    """GFLOP/s. Gradients of parameters are not added to what is there, which favours PyTorch."""
    x, w, dy, b = (torch.randn(*shape).to(dtype) for shape in (
        (TOKENS, inputs), (outputs, inputs), (TOKENS, outputs), (outputs,)))
    work(x, w, dy, b)
    best, end = float("inf"), time.perf_counter() + 0.3
    while time.perf_counter() < end:
        start = time.perf_counter()
        work(x, w, dy, b)
        best = min(best, time.perf_counter() - start)
    return 2 * TOKENS * inputs * outputs / best * 1e-9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", help="of Lathe, as LATHE_CPU names it; else the best there is")
    parser.add_argument("--hidden_size", type=int, nargs="+", default=[384, 768])
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args()
    backend = options.backend or best_backend(options.bf16)
    torch.set_num_threads(1)
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    print(f"{cpu_name()}, one thread, {'bf16' if options.bf16 else 'f32'}, Lathe's "
          f"{backend}, PyTorch {torch.__version__}, GFLOP/s")
    print(f"{'product':52}{'Lathe':>8}{'of peak':>9}{'PyTorch':>9}{'ratio':>7}")
    with torch.no_grad():
        for hidden in options.hidden_size:
            for inputs, outputs in ((hidden, hidden), (hidden, 4 * hidden), (4 * hidden, hidden)):
                for form, suffix, work in FORMS:
                    name = form.format(t=TOKENS, i=inputs, o=outputs)
                    name += suffix if options.bf16 else ""
                    ours, of_peak = lathe(name, backend)
                    theirs = pytorch(work, dtype, inputs, outputs)
                    print(f"{name:52}{ours:8.1f}{of_peak:8.1f}%{theirs:9.1f}{ours / theirs:7.2f}",
                          flush=True)
                    note(f"gemm {name}, one thread", ours=ours, peer="PyTorch", theirs=theirs,
                         unit="GFLOP/s")


if __name__ == "__main__":
    main()

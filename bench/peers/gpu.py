#!/usr/bin/env python3
"""What PyTorch and Transformers do on this GPU with the work of bench/gpu.

Attention forward and backward, and BERT-base (random weights) trained by Transformers' Trainer in
bfloat16. Prints both beside Lathe's figures, which --lathe names.
"""

import argparse
import json
import tempfile
import time

import torch
import torch.nn.functional as F
import transformers


def seconds_of(run, runs=20):
    """The median of a few rounds, the GPU's work alone."""
    for _ in range(3):
        run()
    rounds = []
    for _ in range(5):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(runs):
            run()
        end.record()
        torch.cuda.synchronize()
        rounds.append(start.elapsed_time(end) / 1e3 / runs)
    return sorted(rounds)[2]


def attention(sequences, length, dtype):
    """Seconds of forward, and of forward and backward, with dropout 0.1."""
    q, k, v = (torch.randn(sequences, 12, length, 64, device="cuda", dtype=dtype,
                           requires_grad=True) for _ in range(3))
    gradient = torch.randn_like(q)

    def forward():
        return F.scaled_dot_product_attention(q, k, v, dropout_p=0.1)

    def both():
        torch.autograd.grad(forward(), (q, k, v), gradient)

    with torch.no_grad():
        alone = seconds_of(forward)
    return alone, seconds_of(both)


class Clock(transformers.TrainerCallback):
    """Notes when the GPU has done steps number 10 and the last: between them nothing starts up."""

    first = 10

    def __init__(self, last):
        self.last = last
        self.times = []

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step in (self.first, self.last):
            torch.cuda.synchronize()
            self.times.append(time.perf_counter())


def trainer_samples_per_second(batch_size, length, steps=70):
    model = transformers.BertForSequenceClassification(transformers.BertConfig())
    ids = torch.randint(1, 30000, (batch_size * 8, length))
    rows = [{"input_ids": row, "attention_mask": torch.ones_like(row), "labels": i % 2}
            for i, row in enumerate(ids)]
    clock = Clock(steps)
    with tempfile.TemporaryDirectory() as directory:
        arguments = transformers.TrainingArguments(
            output_dir=directory, per_device_train_batch_size=batch_size, max_steps=steps,
            bf16=True, save_strategy="no", logging_steps=1000000, report_to=[], disable_tqdm=True)
        transformers.Trainer(model=model, args=arguments, train_dataset=rows,
                             callbacks=[clock]).train()
    first, last = clock.times
    return (steps - Clock.first) * batch_size / (last - first)


def seconds_of_ours(figures, name, how):
    """Of a kernel; nan where Lathe has no figure, because the kernel was wrong."""
    found = [f["seconds"] for f in figures if f["name"].startswith(name) and f["how"] == how]
    return found[0] if found else float("nan")


def compare_attention(figures):
    for sequences, length in ((128, 128), (32, 512)):
        for dtype, how in ((torch.float32, "f32"), (torch.bfloat16, "bf16")):
            forward, both = attention(sequences, length, dtype)
            name = f"{sequences}x{length}"
            here = seconds_of_ours(figures, f"attention_forward/{name}/", how)
            here_both = here + seconds_of_ours(figures, f"attention_backward/{name}/", how)
            print(f"attention {name}, {how}: forward {forward * 1e6:.0f} us, "
                  f"Lathe {here * 1e6:.0f}: {forward / here:.2f} x; "
                  f"with backward {both * 1e6:.0f} us, "
                  f"Lathe {here_both * 1e6:.0f}: {both / here_both:.2f} x", flush=True)


def compare_training(figures):
    for batch_size, length in ((32, 53), (128, 128)):
        theirs = trainer_samples_per_second(batch_size, length)
        print(f"BERT-base {batch_size} x {length} tokens, bf16: Trainer {theirs:.0f} samples/s",
              end="")
        for step in figures:
            if step["name"] == f"step/{batch_size}x{length}" and step["how"].startswith("bf16"):
                here = step["samples_per_second"]
                print(f"; Lathe, {step['how'][6:]}, {here:.0f}: {here / theirs:.2f} x", end="")
        print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lathe", required=True, help="the figures of bench/gpu")
    with open(parser.parse_args().lathe, encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    print(f"\nPyTorch {torch.__version__}, Transformers {transformers.__version__}", flush=True)
    compare_attention(figures)
    compare_training(figures)


if __name__ == "__main__":
    main()

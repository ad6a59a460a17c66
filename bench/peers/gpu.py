#!/usr/bin/env python3
"""What PyTorch and Transformers do on this GPU with the work of bench/gpu/gpu.cpp.

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
        forward().backward(gradient)

    with torch.no_grad():
        alone = seconds_of(forward)
    return alone, seconds_of(both)


def trainer_samples_per_second(batch_size, length, steps=60):
    config = transformers.BertConfig()
    model = transformers.BertForSequenceClassification(config)
    ids = torch.randint(1, 30000, (batch_size * 8, length))
    rows = [{"input_ids": row, "attention_mask": torch.ones_like(row), "labels": i % 2}
            for i, row in enumerate(ids)]
    with tempfile.TemporaryDirectory() as directory:
        arguments = transformers.TrainingArguments(
            output_dir=directory, per_device_train_batch_size=batch_size, max_steps=steps, bf16=True,
            save_strategy="no", logging_steps=1000000, report_to=[], disable_tqdm=True)
        trainer = transformers.Trainer(model=model, args=arguments, train_dataset=rows)
        trainer.train()  # warms up
        start = time.perf_counter()
        trainer.train()
        torch.cuda.synchronize()
        return steps * batch_size / (time.perf_counter() - start)


def ours(figures, name, how):
    return next((f for f in figures if f["name"].startswith(name) and how in f["how"]), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lathe", required=True, help="the figures of bench/gpu/gpu.cpp")
    with open(parser.parse_args().lathe, encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    print(f"\nPyTorch {torch.__version__}, Transformers {transformers.__version__}")
    for sequences, length in ((128, 128), (32, 512)):
        for dtype in (torch.float32, torch.bfloat16):
            forward, both = attention(sequences, length, dtype)
            name = f"{sequences}x{length}"
            here = sum(ours(figures, f"attention_{part}/{name}", "f32")["seconds"]
                       for part in ("forward", "backward"))
            print(f"attention {name}, {str(dtype)[6:]}: forward {forward * 1e6:.0f} us, "
                  f"with backward {both * 1e6:.0f} us; Lathe in f32 {here * 1e6:.0f} us: "
                  f"{both / here:.2f} x")
    for batch_size, length in ((32, 53), (128, 128)):
        theirs = trainer_samples_per_second(batch_size, length)
        step = ours(figures, f"step/{batch_size}x{length}", "bf16, gemm by cublasLt")
        here = step["samples_per_second"] if step else float("nan")
        print(f"BERT-base {batch_size} x {length} tokens, bf16: Trainer {theirs:.0f} samples/s, "
              f"Lathe {here:.0f}: {here / theirs:.2f} x")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What Transformers computes for the models that tests/nn/parity_test.cpp checks.

Writes beside itself:
  bert_tiny/                    a random encoder of odd sizes, as save_pretrained lays it out
  bert_tiny_PROBLEM.safetensors what it gives under each problem type
  bert_minilm.safetensors       what the fetched encoder (scripts/fetch.sh) gives for single label
  bert_golden.json              the hyperparameters of the 50 training steps

A golden holds the packed examples, the head, and for the first batch the logits, the loss and every
parameter's gradient as "grad.NAME"; "losses" are those of 50 steps over the batches in turn.
The gradients of the large model are sketched (see sketch()) instead of stored.

Needs torch and transformers. Run: python make_bert_golden.py MINILM_DIRECTORY
"""

import json
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from bert_golden_text import PAIRS

HERE = pathlib.Path(__file__).parent
TRAINING = {
    "tiny": {"learning_rate": 1e-3, "weight_decay": 0.01, "warmup_steps": 5, "max_grad_norm": 1.0,
             "batch_size": 5, "steps": 50},
    "minilm": {"learning_rate": 5e-5, "weight_decay": 0.0, "warmup_steps": 0, "max_grad_norm": 1.0,
               "batch_size": 4, "steps": 50},
}
BETAS, EPSILON = (0.9, 0.999), 1e-8  # the Trainer's defaults
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
SKETCH_SIZE = 32


def sketch(gradient):
    """The norm, then 32 inner products with pseudo-random vectors of +1 and -1.

    The mean square of the inner products of d with such vectors is an unbiased estimate of |d|^2
    (Achlioptas 2003), so two sketches tell how far two gradients are apart. Sign k of element i is
    bit k of splitmix64(i).
    """
    values = gradient.double().numpy().ravel()
    with np.errstate(over="ignore"):
        z = np.arange(1, values.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    negative = [((z >> np.uint64(k)) & np.uint64(1)).astype(bool) for k in range(SKETCH_SIZE)]
    products = [np.where(signs, -values, values).sum() for signs in negative]
    return np.array([np.linalg.norm(values), *products], dtype=np.float32)


def batches_of(examples, size):
    """Padded batches for Transformers, in order."""
    for first in range(0, len(examples), size):
        part = examples[first:first + size]
        longest = max(len(ids) for ids, _, _ in part)
        ids, types, mask = (torch.zeros(len(part), longest, dtype=torch.long) for _ in range(3))
        for row, (row_ids, row_types, _) in enumerate(part):
            ids[row, :len(row_ids)] = torch.tensor(row_ids)
            types[row, :len(row_ids)] = torch.tensor(row_types)
            mask[row, :len(row_ids)] = 1
        labels = torch.tensor(np.array([label for _, _, label in part]))
        yield {"input_ids": ids, "token_type_ids": types, "attention_mask": mask, "labels": labels}


def optimizer_of(model, training):
    """AdamW with the Trainer's groups: biases and LayerNorm weights do not decay."""
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        (plain if name.endswith("bias") or "LayerNorm" in name else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": training["weight_decay"]},
              {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=training["learning_rate"], betas=BETAS, eps=EPSILON)


def train(model, examples, training):
    """The loss of every step: clipping, AdamW, linear schedule with warm-up."""
    optimizer = optimizer_of(model, training)
    schedule = transformers.get_linear_schedule_with_warmup(
        optimizer, training["warmup_steps"], training["steps"])
    batches = list(batches_of(examples, training["batch_size"]))
    losses, clipped = [], 0
    for step in range(training["steps"]):
        loss = model(**batches[step % len(batches)]).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), training["max_grad_norm"])
        clipped += norm > training["max_grad_norm"]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    print(f"  {losses[0]:.4f} ... {losses[-1]:.4f}, {clipped} of {len(losses)} steps clipped")
    return losses


def golden_of(model, examples, training, gradient_form):
    """Everything that the test compares, and what it needs to compute it again."""
    lengths = [len(ids) for ids, _, _ in examples]
    golden = {
        "input_ids": np.concatenate([ids for ids, _, _ in examples]).astype(np.int32),
        "token_type_ids": np.concatenate([types for _, types, _ in examples]).astype(np.int32),
        "offsets": np.cumsum([0, *lengths]).astype(np.int32),
        "labels": np.array([label for _, _, label in examples]),
        "classifier.weight": model.classifier.weight.detach().numpy().copy(),
        "classifier.bias": model.classifier.bias.detach().numpy().copy(),
    }
    golden["labels"] = golden["labels"].astype(
        np.int32 if golden["labels"].dtype == np.int64 else np.float32)
    first = model(**next(batches_of(examples, training["batch_size"])))
    first.loss.backward()
    golden["logits"] = first.logits.detach().numpy()
    golden["loss"] = first.loss.detach().numpy().reshape(1)
    for name, parameter in model.named_parameters():
        golden["grad." + name] = gradient_form(parameter.grad)
        assert parameter.grad.norm() > 0, name
    model.zero_grad()
    golden["losses"] = np.array(train(model, examples, training), dtype=np.float32)
    return golden


def check_margin(golden, model, examples, training):
    """How far 32 bits alone move the losses: the test's tolerance must be well above this."""
    exact = np.array(train(model.double(), examples, training))
    print(f"  losses in 32 and 64 bits differ by {np.abs(golden['losses'] / exact - 1).max():.1e}")


def with_double_labels(examples):
    return [(i, t, np.float64(l) if np.asarray(l).dtype.kind == "f" else l) for i, t, l in examples]


def tiny_model(**head):
    """An encoder whose every parameter matters: no bias is zero, no LayerNorm weight one."""
    config = BertConfig(
        vocab_size=100, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=40, max_position_embeddings=32, attn_implementation="eager",
        **NO_DROPOUT, **head)
    model = BertForSequenceClassification(config).eval()
    torch.manual_seed(20240611)  # here: how much the constructor draws depends on the head
    for name, parameter in model.named_parameters():
        centre = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        parameter.data.normal_(centre, 0.2)
    return model


def tiny_examples(make_label):
    """Sequences of 1 to 19 random tokens: single ones and pairs."""
    random = np.random.default_rng(7)
    examples = []
    for index in range(35):
        length = [7, 1, 13, 4, 19][index % 5] if index < 5 else int(random.integers(2, 20))
        first = int(random.integers(1, length + 1))
        ids = random.integers(0, 100, length).tolist()
        types = [0] * first + [1] * (length - first)
        examples.append((ids, types, make_label(random)))
    return examples


PROBLEMS = {
    "single_label": (3, lambda random: np.int64(random.integers(0, 3))),
    "multi_label": (4, lambda random: random.integers(0, 2, 4).astype(np.float32)),
    "regression": (1, lambda random: np.float32(random.normal())),
}


def make_tiny():
    tiny_model().bert.save_pretrained(HERE / "bert_tiny")
    for problem, (labels, make_label) in PROBLEMS.items():
        print("tiny", problem)
        problem_type = problem if problem == "regression" else problem + "_classification"
        head = {"num_labels": labels, "problem_type": problem_type}
        examples = tiny_examples(make_label)
        training = TRAINING["tiny"]
        golden = golden_of(tiny_model(**head), examples, training, lambda g: g.numpy().copy())
        check_margin(golden, tiny_model(**head), with_double_labels(examples), training)
        save_file(golden, HERE / f"bert_tiny_{problem}.safetensors")


def minilm_model(directory):
    torch.manual_seed(20240611)
    return BertForSequenceClassification.from_pretrained(
        directory, num_labels=2, attn_implementation="eager", **NO_DROPOUT).eval()


def make_minilm(directory):
    print("minilm")
    tokenizer = AutoTokenizer.from_pretrained(directory)
    examples = []
    for label, first, second in PAIRS:
        encoded = tokenizer(first, second, truncation=True, max_length=160)
        examples.append((encoded["input_ids"], encoded["token_type_ids"], np.int64(label)))
    golden = golden_of(minilm_model(directory), examples, TRAINING["minilm"], sketch)
    check_margin(golden, minilm_model(directory), examples, TRAINING["minilm"])
    save_file(golden, HERE / "bert_minilm.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make_tiny()
    make_minilm(sys.argv[1])
    settings = {**TRAINING, "adam_betas": BETAS, "adam_epsilon": EPSILON,
                "made_with": {"torch": torch.__version__, "transformers": transformers.__version__}}
    (HERE / "bert_golden.json").write_text(json.dumps(settings, indent=2) + "\n")

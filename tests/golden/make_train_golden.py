"""Makes train_golden.json: what PyTorch, Transformers, scikit-learn and SciPy compute for the parts of train/.

Needs torch, transformers, scikit-learn and scipy. Run in this folder: python make_train_golden.py
"""

import json
import random

import torch
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from transformers import get_scheduler

random.seed(7)
torch.manual_seed(7)


def adamw(weight_decay):
    """Five updates of six numbers, clipped to norm 1, at a rate that changes."""
    value = torch.nn.Parameter(torch.tensor([0.5, -1.25, 3.0, 0.0, 1e-3, -40.0]))
    optimizer = torch.optim.AdamW([value], lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)
    case = {"weight_decay": weight_decay, "start": value.tolist(), "steps": []}
    for step in range(5):
        value.grad = torch.randn(6) * 10 ** (step - 2)
        gradient = value.grad.tolist()
        norm = torch.nn.utils.clip_grad_norm_([value], 1.0).item()
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        optimizer.step()
        case["steps"].append({"gradient": gradient, "norm": norm, "learning_rate": 0.1 / (step + 1),
                              "value": value.tolist()})
    return case


def schedule(name, warmup, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-5)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total)
    rates = []
    for _ in range(total + 2):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"name": name, "warmup": warmup, "total": total, "rates": rates}


def classes(count, examples):
    truth = [random.randrange(count) for _ in range(examples)]
    predicted = [t if random.random() < 0.6 else random.randrange(count) for t in truth]
    return class_case(predicted, truth)


def class_case(predicted, truth):
    return {"predictions": predicted, "labels": truth, "accuracy": accuracy_score(truth, predicted),
            "f1": f1_score(truth, predicted, labels=[1], average="micro", zero_division=0.0),
            "matthews": matthews_corrcoef(truth, predicted)}


def correlation(x, y):
    return {"x": x, "y": y, "pearson": float(pearsonr(x, y).statistic), "spearman": float(spearmanr(x, y).statistic)}


def correlations(examples, ties):
    # Values that a float holds exactly, so that both sides read the same numbers.
    x = [round(random.gauss(2.5, 1.0) * 8) / 8 if ties else random.randrange(2**20) / 2**18 for _ in range(examples)]
    y = [round((a + random.gauss(0.0, 1.0)) * 8) / 8 for a in x]
    return correlation(x, y)


def multi_label(columns, examples):
    truth = [[int(random.random() < 0.3) for _ in range(columns)] for _ in range(examples)]
    predicted = [[b if random.random() < 0.8 else 1 - b for b in row] for row in truth]
    return {"columns": columns, "predictions": sum(predicted, []), "labels": sum(truth, []),
            "f1": f1_score(truth, predicted, average="micro"), "accuracy": accuracy_score(truth, predicted)}


golden = {
    "adamw": [adamw(0.0), adamw(0.01)],
    "schedules": [schedule(name, warmup, total) for name in ("linear", "cosine", "constant", "constant_with_warmup")
                  for warmup, total in ((0, 7), (3, 10), (5, 5))],
    "classes": [classes(2, 50), classes(3, 200), class_case([0, 0, 0], [0, 1, 0]), class_case([0, 0], [0, 0])],
    "correlations": [correlations(40, False), correlations(60, True)],
    "multi_label": [multi_label(4, 30)],
}
with open("train_golden.json", "w") as file:
    json.dump(golden, file)
    file.write("\n")

#!/usr/bin/env python3
"""Times steps of trainings in PyTorch on the CPU, for comparison with zstat: the same network, events, loss and optimiser.

usage: training_torch.py --loss inferno|bce --hidden 100,100 --batch 1000 --events 100000 --epochs 3 --threads 1
Prints one JSON line: seconds a step, the fastest and the median epoch, and the final loss.
"""

import argparse
import json
import math
import time

import torch


def generate(n, seed):
    generator = torch.Generator().manual_seed(seed)
    normal = lambda mean, sd: mean + sd * torch.randn(n, generator=generator)
    exponential = lambda rate: -torch.log1p(-torch.rand(n, generator=generator)) / rate
    signal = torch.stack([normal(0.0, 1.0), normal(0.0, 1.0), exponential(2.0)], 1)
    background = torch.stack([normal(2.0, math.sqrt(5.0)), normal(0.0, 3.0), exponential(3.0)], 1)
    return signal, background


def varied(background):
    """Down and up of the shift of x0 and of the scale of x2."""
    out = []
    for shift in (-0.2, 0.2):
        out.append(background + torch.tensor([shift, 0.0, 0.0]))
    for factor in (3.0 / 3.5, 1.2):
        out.append(background * torch.tensor([1.0, 1.0, factor]))
    return out


def network(hidden, outputs):
    layers, width = [], 3
    for units in hidden:
        layers += [torch.nn.Linear(width, units), torch.nn.ReLU()]
        width = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, outputs))


def inferno(model, parts, sizes, temperature=0.1, s=50.0, b=1000.0):
    """ln of the variance of s, with both nuisance parameters free: signal, background and its four variations."""
    shares = torch.softmax(model(parts) / temperature, dim=1)
    means = [chunk.mean(0).double() for chunk in shares.split(sizes)]
    signal, background, *shifted = means
    expected = s * signal + b * background
    columns = [signal] + [b * (up - down) / 2 for down, up in zip(shifted[::2], shifted[1::2])]
    jacobian = torch.stack(columns, 1)
    fisher = jacobian.T @ (jacobian / expected[:, None])
    return torch.log(torch.linalg.inv(fisher)[0, 0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", choices=["inferno", "bce"], default="inferno")
    parser.add_argument("--hidden", default="100,100")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--events", type=int, default=100000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    signal, background = generate(options.events, 1)
    both = torch.cat([signal, background])
    mean, sd = both.mean(0), both.std(0)
    standard = lambda x: (x - mean) / sd
    if options.loss == "inferno":
        samples = [standard(x) for x in (signal, background, *varied(background))]
        model = network([int(units) for units in options.hidden.split(",")], 10)
    else:
        samples = [standard(signal), standard(background)]
        model = network([int(units) for units in options.hidden.split(",")], 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    sizes = [options.batch] * len(samples)
    labels = torch.cat([torch.ones(options.batch), torch.zeros(options.batch)])
    steps = options.events // options.batch
    times, value = [], float("nan")
    for _ in range(options.epochs):
        started = time.perf_counter()
        orders = [torch.randperm(options.events), torch.randperm(options.events)]
        for step in range(steps):
            place = slice(step * options.batch, (step + 1) * options.batch)
            picks = [orders[0][place]] + [orders[1][place]] * (len(samples) - 1)
            parts = torch.cat([sample[pick] for sample, pick in zip(samples, picks)])
            optimiser.zero_grad(set_to_none=True)
            if options.loss == "inferno":
                loss = inferno(model, parts, sizes)
            else:
                loss = torch.nn.functional.binary_cross_entropy_with_logits(model(parts)[:, 0], labels)
            loss.backward()
            optimiser.step()
        times.append(time.perf_counter() - started)
        value = float(loss.detach())
    times.sort()
    middle = times[len(times) // 2]
    print(json.dumps({"torch": torch.__version__, "threads": options.threads, "epoch_s": middle,
                      "step_s": middle / steps, "fastest_step_s": times[0] / steps, "loss": value}))


if __name__ == "__main__":
    main()

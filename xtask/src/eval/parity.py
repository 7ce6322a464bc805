"""How far our scores are from those of the numpy prototype, point by point.

parity.py FOLDER pooled.jsonl: prints one JSON object. FOLDER/bench/detectors.py has the prototype.
"""
import gzip, json, sys
from collections import defaultdict
import numpy as np

folder, ours = sys.argv[1:]
sys.path.insert(0, f"{folder}/bench")
import detectors

labels = json.load(open(f"{folder}/corpus/labels.json"))
scores = defaultdict(list)
with open(ours) as lines:
    for line in lines:
        row = json.loads(line)
        scores[row["series"]].append(row["score"])
points, off, worst = 0, 0, 0.0
for key, found in sorted(scores.items()):
    with gzip.open(f"{folder}/corpus/{labels[key]['file']}", "rt") as f:
        table = np.loadtxt(f, delimiter=",", skiprows=1, ndmin=2)
    wanted = detectors.proto(table[:, 0].astype(np.int64), table[:, 1], labels[key]["step"])
    gap = np.abs(np.asarray(found) - wanted) / np.maximum(1.0, wanted)
    points += len(gap)
    off += int((gap > 1e-3).sum())
    worst = max(worst, float(gap.max()))
print(json.dumps({"table": "parity", "series": len(scores), "points": points, "off": off, "worst": worst}))

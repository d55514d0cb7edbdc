"""Asks a hub questions with the hub's own client and prints the answers as JSON: one argument, a list of questions."""

import hashlib
import json
import sys
import tempfile

from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download, hf_hub_url


def answer(question):
    kind, repo, revision, path, token = question
    token = token or False
    if kind == "metadata":
        data = get_hf_file_metadata(hf_hub_url(repo, path, revision=revision), token=token)
        return {"commit": data.commit_hash, "etag": data.etag, "size": data.size}
    if kind == "list":
        info = HfApi(token=token).model_info(repo, revision=revision, files_metadata=True)
        files = {f.rfilename: {"size": f.size, "sha256": f.lfs.sha256 if f.lfs else None} for f in info.siblings}
        return {"commit": info.sha, "files": files}
    with tempfile.TemporaryDirectory() as folder:
        local = hf_hub_download(repo, path, revision=revision, token=token, cache_dir=folder)
        with open(local, "rb") as file:
            return {"sha256": hashlib.sha256(file.read()).hexdigest()}


answers = []
for question in json.loads(sys.argv[1]):
    try:
        answers.append(answer(question))
    except Exception as error:  # The name of the error is the answer.
        answers.append({"error": type(error).__name__})
print(json.dumps(answers))

"""Language models of the Llama architecture, as GGUF files.

Touvron et al., "LLaMA: open and efficient foundation language models", 2023, arXiv 2302.13971: RMS norm before each
layer, rotary positions, SwiGLU; heads that share keys and values as in Llama 2. The weights of matrices are normal
with variance 1 / inputs, so that activations keep their size through the layers; norms have weight 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from perftransfer.measuring.networks.interface import NetworkFile

if TYPE_CHECKING:
    import gguf

_HEAD = 64
# Files of the tokeniser of Llama 2: three special tokens, and one for each byte.
_SPECIAL, _BYTES = ("<unk>", "<s>", "</s>"), 256


class LanguageModel(NetworkFile):
    """A language model with random weights; a class derived from it says its sizes."""

    suffix = "gguf"
    inputs: ClassVar[Mapping[str, Sequence[int | str]]] = {
        "prompt": ("batch", "prompt_tokens"),
        "text": ("batch", "generated_tokens"),
    }
    #: All that the package gguf can quantise to. The K-quants (Q4_K_M) take llama.cpp's own quantiser.
    precisions = ("f16", "bf16", "f32", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "mxfp4", "tq2_0", "tq1_0")
    #: Number of layers.
    layers: ClassVar[int]
    #: Size of a token's vector; a multiple of 256, for the quantisations with the largest blocks.
    width: ClassVar[int]
    #: Number of tokens.
    vocabulary: ClassVar[int]

    @classmethod
    def matrices(cls) -> dict[str, tuple[int, int]]:
        """Return the outputs and inputs of each matrix by its name in the file."""
        width, inner = cls.width, 3 * cls.width
        shared = width // 2
        layer = {
            "attn_q": (width, width),
            "attn_k": (shared, width),
            "attn_v": (shared, width),
            "attn_output": (width, width),
            "ffn_gate": (inner, width),
            "ffn_up": (inner, width),
            "ffn_down": (width, inner),
        }
        ends = dict.fromkeys(("token_embd.weight", "output.weight"), (cls.vocabulary, width))
        return ends | {f"blk.{i}.{name}.weight": shape for i in range(cls.layers) for name, shape in layer.items()}

    def write(self, precision: str, path: Path, seed: int) -> None:
        """Write the file: matrices in the precision, norms in 32 bits."""
        import gguf

        kind = gguf.GGMLQuantizationType[precision.upper()]
        rng = np.random.default_rng(seed)
        writer = gguf.GGUFWriter(path, "llama")
        self._describe(writer)
        norms = [f"blk.{i}.{name}_norm.weight" for i in range(self.layers) for name in ("attn", "ffn")]
        for name in ("output_norm.weight", *norms):
            writer.add_tensor(name, np.ones(self.width, np.float32))
        for name, (outputs, inputs) in self.matrices().items():
            weights = rng.standard_normal((outputs, inputs), dtype=np.float32) / np.float32(np.sqrt(inputs))
            writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def _describe(self, writer: gguf.GGUFWriter) -> None:
        import gguf

        writer.add_name(type(self).__name__)
        writer.add_vocab_size(self.vocabulary)
        writer.add_context_length(8192)
        writer.add_embedding_length(self.width)
        writer.add_block_count(self.layers)
        writer.add_feed_forward_length(3 * self.width)
        writer.add_head_count(self.width // _HEAD)
        writer.add_head_count_kv(self.width // _HEAD // 2)
        writer.add_rope_dimension_count(_HEAD)
        writer.add_rope_freq_base(10_000.0)
        writer.add_layer_norm_rms_eps(1e-5)
        words = self.vocabulary - len(_SPECIAL) - _BYTES
        kinds = gguf.TokenType
        writer.add_tokenizer_model("llama")
        writer.add_token_list([*_SPECIAL, *(f"<0x{i:02X}>" for i in range(_BYTES)), *(f"w{i}" for i in range(words))])
        writer.add_token_scores([0.0] * self.vocabulary)
        writer.add_token_types(
            [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * _BYTES, *[kinds.NORMAL] * words]
        )
        writer.add_unk_token_id(0)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)

// What a thread of a Hopper GPU may ask for beside cuda_runtime.h's: barriers that count arrivals
// and bytes, copies of tiles by the TMA, products of a warpgroup (kernels/cuda/bulk_copy.h and
// wgmma.h say what each is).
//
// Both kinds of work happen as late as a GPU may do them: a copy when a thread waits for its
// barrier and only bytes are missing, a product when its warp waits for its group. Until then a
// copy's place holds no numbers, and the sums of a product neither. A launch throws Violation when
//   - a tile is asked for where another copy is under way or a product has yet to read;
//   - a product reads where a copy is under way, or follows other code that wrote its sums without
//     begin_products();
//   - the lanes of a warp ask for different products;
//   - more threads arrive at a barrier than it was made for, or nothing brings what is waited for;
//   - a block of a cluster sends to one that has ended.
// What orders the copies and products is checked for the order in which the threads happen to run.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

namespace simt {

uint32_t shared_address(const void* pointer);

void make_barrier(void* barrier, unsigned arrivals);
void arrive(void* barrier, unsigned bytes_expected);
// At the barrier at that place in the shared memory of a block of the cluster.
void arrive_in(void* barrier, unsigned block);
void wait_for(void* barrier, unsigned parity);

// To the blocks of the cluster whose bits are in `blocks`.
void copy_tile(void* to, const CUtensorMap& matrix, int row, int column, void* barrier,
               unsigned blocks);

// sums [64, columns] += a [64, 16] b [16, columns], the factors as descriptors say. The sums are
// those of the thread, in the order that wgmma.h gives.
struct WarpgroupProduct {
  uint64_t a, b;
  bool a_along_k, b_along_k;
  int columns;
  float* sums;
};
void begin_products();
void multiply_add_async(const WarpgroupProduct& product);
void end_products();
void wait_for_products(int groups_left);

// Which GPU the emulated one says it is; at first an A100 with 108 multiprocessors, but with a
// Hopper's shared memory for a block.
struct Hardware {
  int compute_capability_major = 8, multiprocessors = 108, shared_bytes = 227 * 1024;
};
void pretend_to_be(const Hardware& hardware);
const Hardware& hardware();

}  // namespace simt

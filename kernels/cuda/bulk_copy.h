// What Hopper (sm_90) has for bringing tiles of a matrix to shared memory: one thread asks for a
// whole tile, which the tensor memory accelerator (TMA) fetches by itself and lays down so that no
// two rows' pieces share banks; and barriers in shared memory that wait for arrivals of threads and
// of bytes. NVIDIA's PTX manual: "mbarrier", "cp.async.bulk.tensor", "Swizzling modes".
// Blocks of a cluster can have one tile brought to all of them, and arrive at each other's
// barriers ("mapa", "barrier.cluster").
//
// A tile here is 64 x 64 bfloat16s: 64 lines of 128 bytes, aligned to 1024. Of line r the pieces of
// 16 bytes lie in the order p ^ r % 8 (the swizzle of 128 bytes), which wgmma undoes as it reads.
#pragma once

#include <cuda.h>

#include "kernels/cuda/device.h"

namespace lathe::LATHE_CUDA {

constexpr int kTileSide = 64;
constexpr int kTileBytes = kTileSide * kTileSide * 2;

// A matrix of bfloat16s [rows, columns] in global memory for such copies, rows `ld` numbers apart,
// address and rows aligned to 16 bytes. On the host; an argument of the kernel that copies.
CUtensorMap tiled_matrix(const void* data, int64_t rows, int64_t columns, int64_t ld);

// Whether the calling thread's GPU has these copies and wgmma, for which there is machine code
// here.
bool is_hopper();
int multiprocessor_count();

// Completes a phase whenever as many threads as it was made for have arrived, and the bytes that
// were announced. Phases alternate between parity 0, the first, and 1.
struct Barrier {
  uint64_t state;
};

#ifdef __CUDACC__
__device__ inline uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}
#else
inline uint32_t shared_address(const void* pointer) { return simt::shared_address(pointer); }
#endif

// The number of the thread's block in its cluster.
__device__ inline unsigned block_of_cluster() {
#ifdef __CUDACC__
  unsigned block = 0;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(block));
  return block;
#else
  return simt::running_block();
#endif
}

// All threads of the cluster meet here, but those that have ended; whole warps at once. Before a
// block's barriers are used by another, and before one ends whose barriers another still uses.
__device__ inline void sync_cluster() {
#ifdef __CUDACC__
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::
                   : "memory");
#else
  simt::sync_cluster();
#endif
}

// By one thread; then barriers_made(), and a barrier of the block (of the cluster) before others
// use them.
__device__ inline void make_barrier(Barrier* barrier, unsigned arrivals) {
#ifdef __CUDACC__
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)),
               "r"(arrivals)
               : "memory");
#else
  simt::make_barrier(barrier, arrivals);
#endif
}
__device__ inline void barriers_made() {
#ifdef __CUDACC__
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}

__device__ inline void arrive(Barrier* barrier) {
#ifdef __CUDACC__
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier))
               : "memory");
#else
  simt::arrive(barrier, 0);
#endif
}
// At the barrier in that place of the shared memory of a block of the cluster. What the thread did
// before is ordered as for its own block only: for more, it would wait for all its stores.
__device__ inline void arrive_in(Barrier* barrier, unsigned block) {
#ifdef __CUDACC__
  asm volatile(
      "{\n"
      ".reg .b32 there;\n"
      "mapa.shared::cluster.u32 there, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [there];\n"
      "}" ::"r"(shared_address(barrier)),
      "r"(block)
      : "memory");
#else
  simt::arrive_in(barrier, block);
#endif
}
// Arrives, and has the phase wait for so many bytes too.
__device__ inline void arrive_expecting(Barrier* barrier, unsigned bytes) {
#ifdef __CUDACC__
  asm volatile(
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
      "r"(bytes)
      : "memory");
#else
  simt::arrive(barrier, bytes);
#endif
}
// Until the phase of that parity is complete; the one before the first counts as complete.
__device__ inline void wait_for(Barrier* barrier, unsigned parity) {
#ifdef __CUDACC__
  const uint32_t address = shared_address(barrier);
  uint32_t complete = 0;
  do {
    asm volatile(
        "{\n"
        ".reg .pred complete;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 complete, [%1], %2;\n"
        "selp.u32 %0, 1, 0, complete;\n"
        "}"
        : "=r"(complete)
        : "r"(address), "r"(parity)
        : "memory");
  } while (complete == 0);
#else
  simt::wait_for(barrier, parity);
#endif
}

// The shared memory whose size the launch gives, from where tiles may lie on: up to
// kAlignmentOfTiles bytes of it are skipped.
constexpr int kAlignmentOfTiles = 1024;
__device__ inline unsigned char* aligned_tiles() {
  auto* memory = dynamic_shared<unsigned char>();
  return memory +
         (kAlignmentOfTiles - shared_address(memory) % kAlignmentOfTiles) % kAlignmentOfTiles;
}

// Asks for the tile that begins at (row, column), with zeros beyond the matrix. Its bytes arrive at
// the barrier.
__device__ inline void copy_tile(void* to, const CUtensorMap& matrix, int row, int column,
                                 Barrier* barrier) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3}], [%4];" ::"r"(shared_address(to)),
      "l"(reinterpret_cast<uint64_t>(&matrix)), "r"(column), "r"(row), "r"(shared_address(barrier))
      : "memory");
#else
  simt::copy_tile(to, matrix, row, column, barrier, 1U << simt::running_block());
#endif
}
// The same to that place of each block of the cluster whose bit is in `blocks`, and the bytes
// arrive at the barrier in that place of each.
__device__ inline void copy_tile_to_blocks(void* to, const CUtensorMap& matrix, int row, int column,
                                           Barrier* barrier, uint16_t blocks) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(shared_address(to)),
      "l"(reinterpret_cast<uint64_t>(&matrix)), "r"(column), "r"(row), "r"(shared_address(barrier)),
      "h"(blocks)
      : "memory");
#else
  simt::copy_tile(to, matrix, row, column, barrier, blocks);
#endif
}

}  // namespace lathe::LATHE_CUDA

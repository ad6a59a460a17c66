#include "tests/simt/hopper.h"

#include <deque>
#include <limits>
#include <map>
#include <vector>

#include "base/error.h"
#include "tests/simt/block.h"

namespace simt {

namespace {

using lathe::concat;

constexpr unsigned kTile = 64;   // rows and columns of a tile, and rows of a product
constexpr unsigned kLine = 128;  // bytes of a row of a tile
constexpr unsigned kPiece = 16;  // bytes that the swizzle moves as one
constexpr unsigned kDepth = 16;
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

// In a block's shared memory, counted from its begin.
struct Bytes {
  uint32_t begin, end;
  bool meet(const Bytes& o) const { return begin < o.end && o.begin < end; }
};

struct TileCopy {
  unsigned block;  // to which
  uint32_t to;
  CUtensorMap matrix;
  int row, column;
  Bytes place() const { return {to, to + matrix.tile_rows * kLine}; }
};

struct BarrierState {
  unsigned made_for = 0, arrived = 0, phase = 0;
  int64_t bytes_expected = 0;
  std::vector<TileCopy> copies;  // of the phase, not made yet
};

// A product that has been asked for, with what it works on meanwhile.
struct Pending {
  WarpgroupProduct product;
  uint64_t group;
  Bytes a, b;
};
struct ThreadState {
  std::deque<Pending> products;
  std::map<float*, std::vector<float>> sums;  // of those products
  uint64_t groups = 0;
  bool may_begin = false;
};

// Of each block of the cluster that runs. Barriers by where they lie in its shared memory.
struct BlockState {
  std::map<uint32_t, BarrierState> barriers;
  std::map<unsigned, ThreadState> threads;
};

BlockState& state_of(unsigned block) {
  static unsigned cluster = 0;
  static std::vector<BlockState> states;
  if (cluster != running_cluster()) {
    cluster = running_cluster();
    states.assign(blocks_of_cluster(), {});
  }
  return states[block];
}
BlockState& block_state() { return state_of(running_block()); }
ThreadState& thread_state() { return block_state().threads[running_thread()]; }

Hardware pretended;

// The swizzle of 128 bytes: of line r, piece p lies at p ^ r % 8.
uint32_t swizzled(uint32_t address) { return address ^ (address / kLine % 8 * kPiece); }

char* in_shared_memory(unsigned block, uint32_t address) {
  return shared_memory(block).begin + address;
}

// At that place in the shared memory of a block of the cluster.
BarrierState& barrier_in(unsigned block, const void* barrier) {
  if (block >= blocks_of_cluster()) violate("sends to a block that its cluster has not");
  if (has_ended(block)) violate("sends to a block of its cluster that has ended");
  auto& barriers = state_of(block).barriers;
  const auto found = barriers.find(shared_address(barrier));
  if (found == barriers.end()) violate("uses a barrier that nobody has made");
  return found->second;
}

void make(const TileCopy& copy) {
  const CUtensorMap& m = copy.matrix;
  for (unsigned i = 0; i < m.tile_rows; ++i) {
    for (unsigned j = 0; j < m.tile_columns; ++j) {
      const uint64_t row = static_cast<uint64_t>(copy.row) + i;
      const uint64_t column = static_cast<uint64_t>(copy.column) + j;
      uint16_t value = 0;
      if (row < m.rows && column < m.columns) {
        value = reinterpret_cast<const uint16_t*>(static_cast<const char*>(m.data) +
                                                  row * m.row_bytes)[column];
      }
      const uint32_t at = swizzled(copy.to + i * kLine + j * 2);
      std::memcpy(in_shared_memory(copy.block, at), &value, sizeof value);
    }
  }
  note_copied(in_shared_memory(copy.block, copy.to), m.tile_rows * kLine);
}

// Ends the barrier's phase if all is there, bytes fetched last.
void complete_if_all_there(BarrierState& state) {
  if (state.arrived < state.made_for) return;
  for (const TileCopy& copy : state.copies) {
    make(copy);
    state.bytes_expected -= copy.matrix.tile_rows * kLine;
  }
  state.copies.clear();
  if (state.bytes_expected != 0) return;
  state.arrived = 0;
  ++state.phase;
}

void arrive_at(BarrierState& state, unsigned bytes_expected) {
  if (state.arrived == state.made_for) {
    violate(concat("arrives at a barrier that was made for ", state.made_for));
  }
  ++state.arrived;
  state.bytes_expected += bytes_expected;
  if (state.copies.empty()) complete_if_all_there(state);
}

struct Wait {
  BarrierState* barrier;
  unsigned parity;
};
bool is_complete(const void* where) {
  const auto& wait = *static_cast<const Wait*>(where);
  complete_if_all_there(*wait.barrier);
  return wait.barrier->phase % 2 != wait.parity;
}

// A factor of a product, read as its descriptor says.
class Factor {
 public:
  Factor(uint64_t descriptor, bool along_k)
      : address_(static_cast<uint32_t>(descriptor & 0x3fff) << 4),
        next_tile_(static_cast<uint32_t>(descriptor >> 16 & 0x3fff) << 4),
        next_lines_(static_cast<uint32_t>(descriptor >> 32 & 0x3fff) << 4),
        along_k_(along_k) {
    if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0) {
      violate("multiplies a factor whose swizzle is not of 128 bytes, from a whole pattern on");
    }
  }

  uint32_t address_of(unsigned outer, unsigned k) const {
    if (along_k_) return address_ + outer / 8 * next_lines_ + outer % 8 * kLine + k * 2;
    return address_ + outer / kTile * next_tile_ + outer % kTile * 2 + k / 8 * next_lines_ +
           k % 8 * kLine;
  }
  Bytes place(unsigned outer_count) const {
    const uint32_t last = address_of(outer_count - 1, kDepth - 1);
    // Whole patterns: pieces change places within them.
    return {address_ / kLine * kLine, (last / kLine + 1) * kLine};
  }
  float at(unsigned outer, unsigned k) const {
    uint16_t bits = 0;
    std::memcpy(&bits, in_shared_memory(running_block(), swizzled(address_of(outer, k))),
                sizeof bits);
    return from_bf16(bits);
  }

 private:
  uint32_t address_, next_tile_, next_lines_;
  bool along_k_;
};

// What the lanes bring to a product that is done now.
struct Share {
  const WarpgroupProduct* product;
  float* sums;  // that stand in for the thread's
};

void multiply_add(const uint64_t (&brought)[kWarp]) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a lane brings a number
  const auto of = [&](unsigned l) { return reinterpret_cast<const Share*>(brought[l]); };
  const WarpgroupProduct& p = *of(0)->product;
  for (unsigned l = 1; l < kWarp; ++l) {
    const WarpgroupProduct& other = *of(l)->product;
    if (other.a != p.a || other.b != p.b || other.columns != p.columns) {
      violate("and its warp ask for different products");
    }
  }
  const Factor a(p.a, p.a_along_k), b(p.b, p.b_along_k);
  const auto columns = static_cast<unsigned>(p.columns);
  const unsigned first_row = running_thread() / kWarp % 4 * 16;
  static float rows[16][kDepth], across[kDepth][256];
  for (unsigned k = 0; k < kDepth; ++k) {
    for (unsigned i = 0; i < 16; ++i) rows[i][k] = a.at(first_row + i, k);
    for (unsigned j = 0; j < columns; ++j) across[k][j] = b.at(j, k);
  }
  for (unsigned l = 0; l < kWarp; ++l) {
    for (unsigned n = 0; n < columns / 2; ++n) {
      const unsigned i = l / 4 + n / 2 % 2 * 8, j = n / 4 * 8 + l % 4 * 2 + n % 2;
      float sum = of(l)->sums[n];
      for (unsigned k = 0; k < kDepth; ++k) sum += rows[i][k] * across[k][j];
      of(l)->sums[n] = sum;
    }
  }
}

// Whether a copy is under way to that place of the block.
bool is_being_filled(unsigned block, const Bytes& place) {
  for (const auto& [address, barrier] : state_of(block).barriers) {
    for (const TileCopy& copy : barrier.copies) {
      if (copy.place().meet(place)) return true;
    }
  }
  return false;
}

bool is_to_be_read(unsigned block, const Bytes& place) {
  for (const auto& [number, thread] : state_of(block).threads) {
    for (const Pending& p : thread.products) {
      if (p.a.meet(place) || p.b.meet(place)) return true;
    }
  }
  return false;
}

}  // namespace

void pretend_to_be(const Hardware& other) { pretended = other; }
const Hardware& hardware() { return pretended; }

uint32_t shared_address(const void* pointer) {
  const SharedMemory shared = shared_memory(running_block());
  const auto* at = static_cast<const char*>(pointer);
  if (at < shared.begin || at >= shared.begin + shared.bytes) {
    violate("takes an address for one of shared memory that the launch asked for");
  }
  return static_cast<uint32_t>(at - shared.begin);
}

void make_barrier(void* barrier, unsigned arrivals) {
  require_aligned(barrier, 8);
  block_state().barriers[shared_address(barrier)] = {arrivals, 0, 0, 0, {}};
}

void arrive(void* barrier, unsigned bytes_expected) {
  arrive_at(barrier_in(running_block(), barrier), bytes_expected);
}
void arrive_in(void* barrier, unsigned block) { arrive_at(barrier_in(block, barrier), 0); }

void wait_for(void* barrier, unsigned parity) {
  const Wait wait{&barrier_in(running_block(), barrier), parity};
  wait_until(is_complete, &wait, "a barrier in shared memory");
}

void copy_tile(void* to, const CUtensorMap& matrix, int row, int column, void* barrier,
               unsigned blocks) {
  require_aligned(to, 1024);
  const uint32_t bytes = matrix.tile_rows * kLine;
  shared_address(static_cast<char*>(to) + bytes - 1);
  for (unsigned block = 0; blocks >> block != 0; ++block) {
    if ((blocks >> block & 1) == 0) continue;
    BarrierState& state = barrier_in(block, barrier);
    const TileCopy copy{block, shared_address(to), matrix, row, column};
    if (is_to_be_read(block, copy.place())) {
      violate("asks for a tile where a product has yet to read");
    }
    if (is_being_filled(block, copy.place())) {
      violate("asks for a tile where another is under way");
    }
    std::memset(in_shared_memory(block, copy.to), 0xff, bytes);
    state.copies.push_back(copy);
  }
}

void begin_products() { thread_state().may_begin = true; }

void multiply_add_async(const WarpgroupProduct& product) {
  ThreadState& thread = thread_state();
  const Pending pending{
      product, thread.groups, Factor(product.a, product.a_along_k).place(kTile),
      Factor(product.b, product.b_along_k).place(static_cast<unsigned>(product.columns))};
  if (is_being_filled(running_block(), pending.a) || is_being_filled(running_block(), pending.b)) {
    violate("multiplies a tile that is not there yet");
  }
  auto& sums = thread.sums[product.sums];
  if (sums.empty()) {
    if (!thread.may_begin) violate("multiplies without begin_products()");
    sums.assign(product.sums, product.sums + product.columns / 2);
    std::fill_n(product.sums, product.columns / 2, kNoNumber);
  }
  thread.products.push_back(pending);
}

void end_products() { ++thread_state().groups; }

void wait_for_products(int groups_left) {
  ThreadState& thread = thread_state();
  while (!thread.products.empty() &&
         thread.products.front().group + static_cast<uint64_t>(groups_left) < thread.groups) {
    const WarpgroupProduct& product = thread.products.front().product;
    const Share mine{&product, thread.sums[product.sums].data()};
    meet_in_warp(&mine, multiply_add);
    thread.products.pop_front();
  }
  if (!thread.products.empty()) return;
  for (const auto& [sums, values] : thread.sums) std::copy(values.begin(), values.end(), sums);
  thread.sums.clear();
  thread.may_begin = false;
}

}  // namespace simt

CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t dimensions,
                                void* data, const cuuint64_t* sizes, const cuuint64_t* row_bytes,
                                const cuuint32_t* tile, const cuuint32_t* strides,
                                CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  const bool fits = type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 && dimensions == 2 &&
                    swizzle == CU_TENSOR_MAP_SWIZZLE_128B &&
                    reinterpret_cast<uintptr_t>(data) % 16 == 0 && row_bytes[0] % 16 == 0 &&
                    row_bytes[0] < uint64_t{1} << 40 && sizes[0] > 0 && sizes[1] > 0 &&
                    sizes[0] <= uint64_t{1} << 32 && sizes[1] <= uint64_t{1} << 32 &&
                    row_bytes[0] >= sizes[0] * 2 && tile[0] == simt::kTile && tile[1] > 0 &&
                    tile[1] <= 256 && strides[0] == 1 && strides[1] == 1;
  if (!fits) return CUDA_ERROR_INVALID_VALUE;
  *map = {data, sizes[0], sizes[1], row_bytes[0], tile[0], tile[1]};
  return CUDA_SUCCESS;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  const simt::Hardware& gpu = simt::hardware();
  *value = attribute == cudaDevAttrMultiProcessorCount      ? gpu.multiprocessors
           : attribute == cudaDevAttrComputeCapabilityMajor ? gpu.compute_capability_major
                                                            : gpu.shared_bytes;
  return cudaSuccess;
}

// lathe dataset cache: what earlier runs kept, and how much of it stays.

#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "data/cache.h"
#include "train/cli/dataset.h"
#include "train/cli/options.h"

namespace lathe {

namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

// "500M", "1.5G": bytes.
int64_t bytes_of(const std::string& text) {
  const std::string units = "KMGT";
  std::size_t end = 0;
  double size = -1;
  try {
    size = std::stod(text, &end);
  } catch (const std::exception&) {
  }
  const std::size_t unit = end < text.size() ? units.find(text[end]) : std::string::npos;
  const bool whole = end == text.size() || (unit != std::string::npos && end + 1 == text.size());
  if (unit != std::string::npos) size *= std::pow(1024.0, static_cast<double>(unit) + 1);
  if (!whole || !(size >= 0 && size < 9e18)) {
    fail("--limit ", text, ": must be a size, as 500M or 20G");
  }
  return static_cast<int64_t>(size);
}

std::string time_text(int64_t seconds) {
  const std::time_t time = seconds;
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&time));
  return text;
}

void print_entries(const DatasetCache& cache) {
  int64_t bytes = 0;
  const std::vector<DatasetCache::Entry> entries = cache.entries();
  for (const DatasetCache::Entry& entry : entries) {
    bytes += entry.bytes;
    std::printf("%s  %10.1f MiB  last used %s\n", entry.name.c_str(),
                static_cast<double>(entry.bytes) / kMebibyte, time_text(entry.last_used).c_str());
  }
  std::printf("%zu entries, %.1f MiB of at most %.0f MiB in %s\n", entries.size(),
              static_cast<double>(bytes) / kMebibyte,
              static_cast<double>(cache.limit()) / kMebibyte, cache.directory().c_str());
}

}  // namespace

void dataset_cache_command(const Arguments& arguments) {
  std::string directory = DatasetCache::default_directory(), limit;
  bool clean = false;
  Options options("dataset cache",
                  "Lists what earlier runs kept, sets how much may stay, or "
                  "removes it.");
  options.add("cache_dir", directory, "The directory");
  options.add("limit", limit,
              "From now on keep at most so much (500M, 20G), what was used last first");
  options.flag("clean", clean, "Remove every entry");
  if (!options.parse(arguments)) return;
  if (directory.empty()) fail("no place for a cache: --cache_dir or LATHE_CACHE_DIR names one");
  const DatasetCache cache(directory);
  if (!limit.empty()) cache.set_limit(bytes_of(limit));
  const int64_t removed = cache.shrink(clean ? 0 : cache.limit());
  if (clean || removed > 0) std::printf("%lld entries removed\n", static_cast<long long>(removed));
  print_entries(cache);
}

}  // namespace lathe

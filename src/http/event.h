#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace moat::http {

// Something changed, look again: one coroutine waits, anyone on the I/O thread sets. A set() that
// nobody waits for is kept for the next wait. Threads: the I/O thread.
class Event {
  public:
    explicit Event(const boost::asio::any_io_executor& executor)
        : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

    boost::asio::awaitable<void> wait() {
        if (!set_) co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        set_ = false;
    }
    void set() {
        set_ = true;
        timer_.cancel();
    }

  private:
    boost::asio::steady_timer timer_;
    bool set_ = false;
};

}  // namespace moat::http
